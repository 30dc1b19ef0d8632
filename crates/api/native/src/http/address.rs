//! Naming an object in a body: bucket and key, or one of the clouds' address forms.

use std::fmt;

use reelgate_domain::ObjectRef;
use reelgate_service::parse_address;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// `{"bucket": …, "key": …}`, or a text: `oss://bucket/key`, `obs://bucket/key`,
/// `http://bucket.endpoint/key`.
#[derive(Clone, Debug)]
pub(crate) struct Address(pub(crate) ObjectRef);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AddressVisitor)
    }
}

struct AddressVisitor;

impl<'de> Visitor<'de> for AddressVisitor {
    type Value = Address;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with bucket and key, or an address such as oss://bucket/key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Address, E> {
        parse_address(text).map(Address).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Address, A::Error> {
        ObjectRef::deserialize(MapAccessDeserializer::new(map)).map(Address)
    }
}
