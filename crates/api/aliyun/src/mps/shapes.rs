//! The shapes of answers that the vendor's SDK understands, for tests: a second reading of `tests/sdk/check_shapes.py`.

use std::sync::OnceLock;

use serde_json::Value;

fn operations() -> &'static Value {
    static SHAPES: OnceLock<Value> = OnceLock::new();
    let shapes = SHAPES.get_or_init(|| {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../tests/sdk/shapes/mts.json"
        );
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    &shapes["operations"]
}

/// Names of all actions, sorted.
pub(super) fn actions() -> Vec<String> {
    let mut names: Vec<_> = operations().as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// Fails when an answer has a field that the SDK does not know or reads as another type.
pub(super) fn check(action: &str, answer: &Value) {
    let mut faults = Vec::new();
    compare(
        &operations()[action]["response"],
        answer,
        action,
        &mut faults,
    );
    assert!(faults.is_empty(), "{faults:?} in {answer:#}");
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
