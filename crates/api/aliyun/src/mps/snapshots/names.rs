//! What pictures and sheets are called: keys with a placeholder for their number or moment.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::snapshot::{COUNT, TIME};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;
use crate::mps::input::{bucket_name, decoded, object_key};
use crate::mps::output::object::filled_in;

/// A file, or as many as its name has numbers for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Files {
    /// The first of them.
    pub(super) first: ObjectRef,
    /// Their name without the folder, with [`COUNT`] where the number and [`TIME`] where the moment is.
    pub(super) pattern: String,
}

impl Files {
    /// Reads the file that pictures are.
    pub(super) fn pictures(file: Fields<'_>, source: &ObjectRef) -> Result<Self, Refusal> {
        Self::read(file, source, &[("Count", COUNT), ("SnapshotTime", TIME)])
    }

    /// Reads the file that sheets are.
    pub(super) fn sheets(file: Fields<'_>, source: &ObjectRef) -> Result<Self, Refusal> {
        Self::read(file, source, &[("TileCount", COUNT)])
    }

    fn read(
        mut file: Fields<'_>,
        source: &ObjectRef,
        placeholders: &[(&str, &str)],
    ) -> Result<Self, Refusal> {
        let bucket = bucket_name(&file.required("Bucket")?)?;
        file.required("Location")?;
        let object = file.required("Object")?;
        let template = decoded(&object)?;
        let fill = |placeholders: &[(&str, &str)]| {
            filled_in(&template, &source.key, placeholders)
                .map_err(|_unknown| Refusal::new(Code::NotSupported, file.path("Object")))
        };
        let unnumbered: Vec<(&str, &str)> = placeholders.iter().map(|it| (it.0, "")).collect();
        // It is the source's own name that has them then, and numbers would be put into it.
        if is_numbered(&fill(&unnumbered)?) {
            return Err(Refusal::new(Code::ObjectKey, object));
        }
        let named = fill(placeholders)?;
        file.finish()?;
        let folder = named.rfind('/').map_or(0, |at| at + 1);
        // A folder for each picture is nothing that anybody wants, and nothing that is made here.
        if is_numbered(&named[..folder]) {
            return Err(Refusal::new(Code::ObjectKey, object));
        }
        let first = object_key(named.replace(COUNT, "00001").replace(TIME, "0"))?;
        Ok(Self {
            first: ObjectRef { bucket, key: first },
            pattern: named[folder..].to_owned(),
        })
    }

    /// Whether there is a name for more than one.
    pub(super) fn are_many(&self) -> bool {
        is_numbered(&self.pattern)
    }

    /// Whether both lie in the same folder.
    pub(super) fn are_beside(&self, other: &Self) -> bool {
        let (one, two) = (&self.first, &other.first);
        one.bucket == two.bucket && one.key.folder() == two.key.folder()
    }

    pub(super) fn is_png(&self) -> bool {
        self.pattern.to_ascii_lowercase().ends_with(".png")
    }
}

fn is_numbered(name: &str) -> bool {
    name.contains(COUNT) || name.contains(TIME)
}
