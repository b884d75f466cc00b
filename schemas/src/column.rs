//! How Rust types become Arrow columns and come back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float32Builder, Float64Array, ListBuilder, StringArray,
    UInt16Array, UInt32Array, UInt32Builder, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, UInt16Type, UInt32Type, UInt64Type};

/// A type that fills one column.
pub trait Column: Sized {
    /// Whether the column may hold nulls.
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

fn wrong_type(expected: &DataType, array: &dyn Array) -> String {
    format!("expected {expected}, found {}", array.data_type())
}

macro_rules! primitive_column {
    ($rust:ty, $arrow:ty, $array:ty, $data_type:expr) => {
        impl Column for $rust {
            const NULLABLE: bool = false;

            fn data_type() -> DataType {
                $data_type
            }

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(<$array>::from_iter_values(values.copied()))
            }

            fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
                Option::<$rust>::decode(array, row)?.ok_or_else(|| "expected a value, found null".to_owned())
            }
        }

        impl Column for Option<$rust> {
            const NULLABLE: bool = true;

            fn data_type() -> DataType {
                $data_type
            }

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(values.copied().collect::<$array>())
            }

            fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
                let array = array.as_primitive_opt::<$arrow>().ok_or_else(|| wrong_type(&Self::data_type(), array))?;
                Ok(array.is_valid(row).then(|| array.value(row)))
            }
        }
    };
}

primitive_column!(u16, UInt16Type, UInt16Array, DataType::UInt16);
primitive_column!(u32, UInt32Type, UInt32Array, DataType::UInt32);
primitive_column!(u64, UInt64Type, UInt64Array, DataType::UInt64);
primitive_column!(f32, Float32Type, Float32Array, DataType::Float32);
primitive_column!(f64, Float64Type, Float64Array, DataType::Float64);

impl Column for bool {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.map(|value| Some(*value)).collect::<BooleanArray>())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        Option::<Self>::decode(array, row)?.ok_or_else(|| "expected true or false, found null".to_owned())
    }
}

impl Column for Option<bool> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.copied().collect::<BooleanArray>())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        let array = array.as_boolean_opt().ok_or_else(|| wrong_type(&Self::data_type(), array))?;
        Ok(array.is_valid(row).then(|| array.value(row)))
    }
}

impl Column for String {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        Option::<Self>::decode(array, row)?.ok_or_else(|| "expected text, found null".to_owned())
    }
}

impl Column for Option<String> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(values.map(Option::as_deref).collect::<StringArray>())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        let array = array.as_string_opt::<i32>().ok_or_else(|| wrong_type(&Self::data_type(), array))?;
        Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
    }
}

impl Column for Vec<f32> {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new_list_field(DataType::Float32, true)))
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        let mut builder = ListBuilder::new(Float32Builder::new());
        for value in values {
            builder.values().append_slice(value);
            builder.append(true);
        }
        Arc::new(builder.finish())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        let list = array.as_list_opt::<i32>().ok_or_else(|| wrong_type(&Self::data_type(), array))?;
        if list.is_null(row) {
            return Err("expected a list, found null".to_owned());
        }
        let values = list.value(row);
        let floats = values.as_primitive_opt::<Float32Type>().ok_or_else(|| wrong_type(&DataType::Float32, &values))?;
        Ok(floats.values().to_vec())
    }
}

impl Column for Option<Vec<u32>> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true)))
    }

    fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> ArrayRef {
        let mut builder = ListBuilder::new(UInt32Builder::new());
        for value in values {
            if let Some(value) = value {
                builder.values().append_slice(value);
            }
            builder.append(value.is_some());
        }
        Arc::new(builder.finish())
    }

    fn decode(array: &dyn Array, row: usize) -> Result<Self, String> {
        let list = array.as_list_opt::<i32>().ok_or_else(|| wrong_type(&Self::data_type(), array))?;
        if list.is_null(row) {
            return Ok(None);
        }
        let values = list.value(row);
        let words = values.as_primitive_opt::<UInt32Type>().ok_or_else(|| wrong_type(&DataType::UInt32, &values))?;
        Ok(Some(words.values().to_vec()))
    }
}

/// Makes a closed set of words a text column.
macro_rules! word_column {
    ($word:ty) => {
        impl $crate::Column for $word {
            const NULLABLE: bool = false;

            fn data_type() -> arrow::datatypes::DataType {
                arrow::datatypes::DataType::Utf8
            }

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> arrow::array::ArrayRef {
                std::sync::Arc::new(arrow::array::StringArray::from_iter_values(values.map(|word| word.as_str())))
            }

            fn decode(array: &dyn arrow::array::Array, row: usize) -> Result<Self, String> {
                String::decode(array, row)?
                    .parse()
                    .map_err(|error: <$word as std::str::FromStr>::Err| error.to_string())
            }
        }

        impl $crate::Column for Option<$word> {
            const NULLABLE: bool = true;

            fn data_type() -> arrow::datatypes::DataType {
                arrow::datatypes::DataType::Utf8
            }

            fn encode<'a>(values: impl Iterator<Item = &'a Self>) -> arrow::array::ArrayRef {
                std::sync::Arc::new(
                    values.map(|word| word.map(|word| word.as_str())).collect::<arrow::array::StringArray>(),
                )
            }

            fn decode(array: &dyn arrow::array::Array, row: usize) -> Result<Self, String> {
                Option::<String>::decode(array, row)?
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

            /// What the word means, in one sentence.
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
