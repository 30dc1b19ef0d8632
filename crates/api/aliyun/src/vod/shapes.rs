//! The shapes of answers that the vendor's SDK understands, for tests: a second reading of `tests/sdk/check_shapes.py`.

use std::sync::OnceLock;

use serde_json::Value;

/// The shapes of one product.
pub(crate) struct Shapes {
    text: &'static str,
    read: OnceLock<Value>,
}

pub(crate) static VOD: Shapes =
    Shapes::of(include_str!("../../../../../tests/sdk/shapes/vod.json"));
pub(crate) static LIVE: Shapes =
    Shapes::of(include_str!("../../../../../tests/sdk/shapes/live.json"));
pub(crate) static ICE: Shapes =
    Shapes::of(include_str!("../../../../../tests/sdk/shapes/ice.json"));

impl Shapes {
    const fn of(text: &'static str) -> Self {
        Self {
            text,
            read: OnceLock::new(),
        }
    }

    fn all(&self) -> &Value {
        self.read
            .get_or_init(|| serde_json::from_str(self.text).unwrap())
    }

    /// Names of all actions, sorted: of most no more than the name is known here.
    pub(crate) fn actions(&self) -> Vec<String> {
        let all = self.all();
        let named = all["names_only"].as_array().unwrap().iter();
        let named = named.map(|name| name.as_str().unwrap().to_owned());
        let shown = all["operations"].as_object().unwrap().keys().cloned();
        let mut names: Vec<_> = named.chain(shown).collect();
        names.sort();
        names
    }

    /// Fails when an answer has a field that the SDK does not know or reads as another type.
    pub(crate) fn check(&self, action: &str, answer: &Value) {
        let shape = &self.all()["operations"][action]["response"];
        let mut faults = Vec::new();
        compare(shape, answer, action, &mut faults);
        assert!(faults.is_empty(), "{faults:?} in {answer:#}");
    }
}

fn compare(shape: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let wanted = shape["type"].as_str().unwrap();
    let fits = match value {
        Value::Null => false,
        Value::Bool(_) => wanted == "boolean",
        Value::Number(number) => wanted == "number" || wanted == "integer" && !number.is_f64(),
        Value::String(_) => wanted == "string",
        Value::Array(_) => wanted == "list",
        Value::Object(_) => matches!(wanted, "object" | "map"),
    };
    if !fits {
        faults.push(format!("{path} is no {wanted}"));
        return;
    }
    for item in value.as_array().into_iter().flatten() {
        compare(&shape["items"], item, &format!("{path}[]"), faults);
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match shape["fields"].get(name) {
            Some(shape) => compare(shape, member, &path, faults),
            None => faults.push(format!("{path} is unknown")),
        }
    }
}
