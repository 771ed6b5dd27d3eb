//! Reads a typed view from JSON and takes only an object for a struct.
//!
//! A derived reader also takes a list for a struct, member by member in the order of the code: `[]`
//! would read as metadata that says nothing, where the promise is that a wrong shape is unreadable.

use serde::{
    Deserializer,
    de::{
        Error, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::json::Value;

/// A value, read with its own shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shaped<'v>(pub(super) &'v Value);

impl<'de> IntoDeserializer<'de, serde_json::Error> for Shaped<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Shaped<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Self))),
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), Self(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(_) => Err(Self::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            // Words only: serde also takes `{"PASSED": null}` for one.
            Value::String(word) => visitor.visit_enum(word.as_str().into_deserializer()),
            _ => Err(Self::Error::custom("not a word")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        json::{Value, json},
        predicate::{from_value, provenance},
        run::Run,
    };

    #[test]
    fn a_list_is_no_struct_at_any_depth() {
        assert!(from_value::<Run>(&json!(["smoke"]), "run").is_err());
        assert_eq!(
            from_value::<Run>(&json!({"name": "smoke"}), "run").unwrap().name.unwrap(),
            "smoke"
        );
        let provenance = |metadata: Value| {
            provenance::read_v1(&json!({
                "buildDefinition": {"buildType": "x", "externalParameters": {}},
                "runDetails": {"builder": {"id": "x"}, "metadata": metadata},
            }))
        };
        assert!(provenance(json!({})).is_ok());
        assert!(provenance(json!([])).is_err());
    }
}
