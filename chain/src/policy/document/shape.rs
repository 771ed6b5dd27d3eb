//! Shapes of values in the JSON Schema of a policy, for editors.
//!
//! A schema sees less than the reader: names that resolve to nothing, keys and cycles are the
//! reader's. What the schema refuses, the reader refuses.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Declares types that exist in the schema only.
macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident => |$generator:ident| $shape:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $shape
            }
        }
    )*};
}

shapes! {
    /// A text that is not empty.
    Text => |_generator| json_schema!({"type": "string", "minLength": 1});

    /// A name of a signer or an environment.
    Name => |_generator| json_schema!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._@/+-]{0,63}$"});

    /// A name of a step.
    StepName => |_generator| json_schema!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"});

    /// The version of the language.
    Version => |_generator| json_schema!({"const": 1});

    /// A date or a time.
    Moment => |_generator| json_schema!({
        "type": "string",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$",
        "examples": ["2026-12-31", "2026-12-31T18:00:00Z"]
    });

    /// A duration.
    Length => |_generator| json_schema!({
        "type": "string",
        "pattern": "^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$",
        "examples": ["36h", "14d", "1d12h"]
    });

    /// A kind of claim.
    ClaimKind => |_generator| json_schema!({"anyOf": [
        {"enum": super::step::KINDS.map(evidence::predicate::Kind::word)},
        {"type": "string", "pattern": "^[^ :]+:[^ ]+$", "description": "A predicate type URI."}
    ]});

    /// One text, or a list of texts.
    Texts => |_generator| json_schema!({"anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": true}
    ]});

    /// A list of at least two steps.
    TwoOrMore => |_generator| json_schema!({
        "type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2, "uniqueItems": true
    });

    /// Steps that are committed to.
    Covered => |_generator| {
        let newest = json_schema!({
            "type": "object", "additionalProperties": {"const": "newest"}, "minProperties": 1
        });
        json_schema!({"anyOf": [
            {"type": "string", "minLength": 1},
            newest,
            {"type": "array", "items": {"anyOf": [{"type": "string", "minLength": 1}, newest]}, "minItems": 1}
        ]})
    };

    /// The word of `only`.
    OnlyFixable => |_generator| json_schema!({"const": "fixable"});

    /// Words of a test that are good.
    Results => |_generator| json_schema!({"anyOf": [
        {"const": "passed"},
        {"type": "array", "items": {"enum": ["passed", "warned"]}, "minItems": 1, "uniqueItems": true,
            "contains": {"const": "passed"}}
    ]});

    /// Clocks.
    TimeSources => |_generator| json_schema!({"anyOf": [
        {"enum": super::CLOCKS},
        {"type": "array", "items": {"enum": super::CLOCKS}, "minItems": 1, "uniqueItems": true}
    ]});

    /// Steps per environment.
    Environments => |_generator| json_schema!({
        "type": "object", "propertyNames": Name::json_schema(_generator), "minProperties": 1,
        "additionalProperties": Texts::json_schema(_generator)
    });

    /// Steps per fact.
    SameFacts => |_generator| {
        let steps = TwoOrMore::json_schema(_generator);
        json_schema!({
            "type": "object", "additionalProperties": false, "minProperties": 1,
            "properties": {"commit": steps, "ref": steps, "run": steps, "source": steps}
        })
    };

    /// Facts per label.
    Labels => |_generator| json_schema!({
        "type": "object", "minProperties": 1,
        "additionalProperties": {"type": "string", "pattern": r"^[^.]+\.(commit|ref|run|source)$"}
    });

    /// Where evidence may hang.
    EvidencePlace => |_generator| json_schema!({"enum": super::image::PLACES.map(|(word, _)| word)});

    /// Signers by name.
    Signers => |generator| {
        let party = json_schema!({"anyOf": [
            generator.subschema_for::<super::signer::ShapeOfKey>(),
            generator.subschema_for::<super::signer::ShapeOfKeyless>()
        ]});
        let group = generator.subschema_for::<super::signer::WrittenGroup>();
        json_schema!({
            "type": "object", "propertyNames": Name::json_schema(generator), "minProperties": 1,
            "additionalProperties": {"anyOf": [
                party, {"type": "array", "items": party, "minItems": 1}, group
            ]}
        })
    };

    /// An address of the web.
    HttpUrl => |_generator| json_schema!({"type": "string", "pattern": "^https?://"});

    /// Trusted roots by name.
    Roots => |generator| {
        let root = generator.subschema_for::<super::root::WrittenRoot>();
        json_schema!({
            "type": "object", "propertyNames": StepName::json_schema(generator), "minProperties": 1,
            "additionalProperties": root
        })
    };

    /// Steps by name.
    Steps => |generator| {
        let step = generator.subschema_for::<super::step::WrittenStep>();
        json_schema!({
            "type": "object", "propertyNames": StepName::json_schema(generator), "minProperties": 1,
            "additionalProperties": step
        })
    };
}
