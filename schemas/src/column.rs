//! How Rust types become Arrow columns and come back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, ListBuilder, PrimitiveArray, PrimitiveBuilder,
    StringArray,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, UInt16Type, UInt32Type, UInt64Type};

/// A type that fills one column.
pub trait Column: Sized {
    /// `true` if the column may hold nulls.
    const NULLABLE: bool;

    /// The Arrow type.
    fn data_type() -> DataType;

    /// All values as one array.
    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;

    /// The value in `row` of `array`; the error says what was expected and what was found.
    fn decode(array: &dyn Array, row: usize) -> Result<Self, String>;
}

/// A type whose values fill a column, where one may be missing or not: [`Column`] of the type and of its `Option`.
pub(crate) trait Value: Sized {
    /// Content that a column without nulls should hold, in words.
    const EXPECTED: &'static str;

    /// The Arrow type.
    fn data_type() -> DataType;

    /// All values as one array.
    fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef
    where
        Self: 'a;

    /// The value in `row` of `array`; the error says what was expected and what was found.
    fn decode(array: &dyn Array, row: usize) -> Result<Option<Self>, String>;
}

impl<T: Value> Column for T {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        T::data_type()
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a,
    {
        T::encode(values.map(Some))
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        T::decode(array, row)?.ok_or_else(|| format!("expected {}, found null", T::EXPECTED))
    }
}

impl<T: Value> Column for Option<T> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        T::data_type()
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a,
    {
        T::encode(values.map(Option::as_ref))
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        T::decode(array, row)
    }
}

fn wrong_type(expected: &DataType, array: &dyn Array) -> String {
    format!("expected {expected}, found {}", array.data_type())
}

/// Makes a number a column, and a list of such numbers.
macro_rules! number_column {
    ($rust:ty, $arrow:ty) => {
        impl Value for $rust {
            const EXPECTED: &'static str = "a value";

            fn data_type() -> DataType {
                <$arrow>::DATA_TYPE
            }

            fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
                Arc::new(values.map(Option::<&Self>::copied).collect::<PrimitiveArray<$arrow>>())
            }

            fn decode(array: &dyn Array, row: usize) -> Result<Option<Self>, String> {
                let array =
                    array.as_primitive_opt::<$arrow>().ok_or_else(|| wrong_type(&<$arrow>::DATA_TYPE, array))?;
                Ok(array.is_valid(row).then(|| array.value(row)))
            }
        }

        impl Value for Vec<$rust> {
            const EXPECTED: &'static str = "a list";

            fn data_type() -> DataType {
                DataType::List(Arc::new(Field::new_list_field(<$arrow>::DATA_TYPE, true)))
            }

            fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
                let mut builder = ListBuilder::new(PrimitiveBuilder::<$arrow>::new());
                for value in values {
                    builder.values().append_slice(value.map_or(&[], Vec::as_slice));
                    builder.append(value.is_some());
                }
                Arc::new(builder.finish())
            }

            fn decode(array: &dyn Array, row: usize) -> Result<Option<Self>, String> {
                let expected = || wrong_type(&<Self as Value>::data_type(), array);
                let list = array.as_list_opt::<i32>().ok_or_else(expected)?;
                if list.is_null(row) {
                    return Ok(None);
                }
                let values = list.value(row);
                let numbers = values.as_primitive_opt::<$arrow>();
                Ok(Some(numbers.ok_or_else(|| wrong_type(&<$arrow>::DATA_TYPE, &values))?.values().to_vec()))
            }
        }
    };
}

number_column!(u16, UInt16Type);
number_column!(u32, UInt32Type);
number_column!(u64, UInt64Type);
number_column!(f32, Float32Type);
number_column!(f64, Float64Type);

impl Value for bool {
    const EXPECTED: &'static str = "true or false";

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.map(Option::<&Self>::copied).collect::<BooleanArray>())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Option<Self>, String> {
        let array = array.as_boolean_opt().ok_or_else(|| wrong_type(&DataType::Boolean, array))?;
        Ok(array.is_valid(row).then(|| array.value(row)))
    }
}

impl Value for String {
    const EXPECTED: &'static str = "text";

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.collect::<StringArray>())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Option<Self>, String> {
        let array = array.as_string_opt::<i32>().ok_or_else(|| wrong_type(&DataType::Utf8, array))?;
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    }
}

/// Makes a closed set of words a text column.
macro_rules! word_column {
    ($word:ty) => {
        impl $crate::column::Value for $word {
            const EXPECTED: &'static str = "text";

            fn data_type() -> arrow::datatypes::DataType {
                arrow::datatypes::DataType::Utf8
            }

            fn encode<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> arrow::array::ArrayRef {
                let words = values.map(|word| word.map(|word| word.as_str()));
                std::sync::Arc::new(words.collect::<arrow::array::StringArray>())
            }

            fn decode(array: &dyn arrow::array::Array, row: usize) -> Result<Option<Self>, String> {
                <String as $crate::column::Value>::decode(array, row)?
                    .map(|word| word.parse().map_err(|error: <$word as std::str::FromStr>::Err| error.to_string()))
                    .transpose()
            }
        }
    };
}

/// Declares a closed set of words: the enum, its names in tables, parsing, and its column type.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident ($what:literal) {
            $( $(#[doc = $doc:literal])+ $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in tables.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Meaning of the word, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let valid: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    format!("`{text}` is not a {}; expected one of: {}", $what, valid.join(", "))
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        $crate::column::word_column!($name);
    };
}

pub(crate) use {word_column, words};

word_column!(crate::Emotion);
