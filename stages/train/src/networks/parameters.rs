//! Parameters of an architecture, with those that all have that join functionals in a [`Head`](crate::layers::Head).

/// The `Config` of an architecture: its name in the schema, and its parameters with their defaults. Behind them are those of
/// the functionals, and `head` makes the end of the network.
macro_rules! parameters {
    ($(#[doc = $about:literal])+ $name:literal {
        $($(#[$meta:meta])+ $field:ident: $kind:ty = $default:expr,)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        #[schemars(rename = $name)]
        pub struct Config {
            $($(#[$meta])+ pub $field: $kind,)+
            /// Size of the dense layer that functionals pass before they are joined; 0 joins them as they are.
            #[schemars(range(min = 0, max = 4096))]
            pub functionals_size: usize,
            /// Share of functionals dropped in training before their dense layer.
            #[schemars(range(min = 0.0, max = 0.95))]
            pub functionals_dropout: f64,
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($field: $default,)+ functionals_size: 128, functionals_dropout: 0.3 }
            }
        }

        impl Config {
            /// From a clip's vector of `inputs` values and its functionals, through dense layers, to the classes; `dropout`
            /// is the share dropped before each.
            fn head(
                &self,
                inputs: usize,
                dense: &[usize],
                dropout: f64,
                sizes: $crate::networks::Sizes,
                builder: &mut $crate::layers::Builder<'_>,
            ) -> $crate::layers::Head {
                let sizes = $crate::layers::HeadSizes {
                    inputs,
                    functionals: sizes.functionals,
                    functionals_size: self.functionals_size,
                    dense,
                    classes: sizes.classes,
                    dropout,
                    functionals_dropout: self.functionals_dropout,
                };
                $crate::layers::Head::new(sizes, builder)
            }
        }
    };
}

pub(super) use parameters;
