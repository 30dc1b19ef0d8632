//! What pictures and sheets are called: keys with a placeholder for their number.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::snapshot::COUNT;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;
use crate::mps::input::{bucket_name, decoded, object_key};
use crate::mps::output::object::filled_in;

/// A file, or as many as its name has numbers for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Files {
    /// The first of them.
    pub(super) first: ObjectRef,
    /// Their name without the folder, with [`COUNT`] where the number is.
    pub(super) pattern: String,
}

impl Files {
    /// Reads a file of the configuration. `placeholder` is what stands for the number.
    pub(super) fn read(
        mut file: Fields<'_>,
        source: &ObjectRef,
        placeholder: &str,
    ) -> Result<Self, Refusal> {
        let bucket = bucket_name(&file.required("Bucket")?)?;
        file.required("Location")?;
        let object = file.required("Object")?;
        let named = filled_in(&decoded(&object)?, &source.key, &[placeholder])
            .map_err(|_unknown| Refusal::new(Code::NotSupported, file.path("Object")))?;
        file.finish()?;
        let named = named.replace(&format!("{{{placeholder}}}"), COUNT);
        let folder = named.rfind('/').map_or(0, |at| at + 1);
        // A folder for each picture is nothing that anybody wants, and nothing that is made here.
        if named[..folder].contains(COUNT) {
            return Err(Refusal::new(Code::ObjectKey, object));
        }
        let first = object_key(named.replace(COUNT, "00001"))?;
        Ok(Self {
            first: ObjectRef { bucket, key: first },
            pattern: named[folder..].to_owned(),
        })
    }

    /// Whether there is a name for more than one.
    pub(super) fn are_many(&self) -> bool {
        self.pattern.contains(COUNT)
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
