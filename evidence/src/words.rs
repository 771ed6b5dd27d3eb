//! Words: an enum whose variants each have one word, the same in its JSON, in code and in every output.
//!
//! Written once: two lists of the same words would be two words some day.

/// Declares such an enum; what is derived for it is said before it.
///
/// ```
/// evidence::words! {
///     /// How bread is.
///     #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
///     pub enum Bread {
///         /// Of today.
///         Fresh = "fresh",
///         /// Of the day before.
///         DayOld = "day-old",
///     }
/// }
/// assert_eq!(Bread::DayOld.word(), "day-old");
/// assert_eq!(serde_json::to_value(Bread::DayOld).unwrap(), "day-old");
/// assert_eq!(Bread::ALL, [Bread::Fresh, Bread::DayOld]);
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$of_all:meta])* pub enum $name:ident {
        $($(#[$of_one:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$of_all])*
        pub enum $name {
            $($(#[$of_one])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
