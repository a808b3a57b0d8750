//! Columns of a fact table while its rows arrive. The `fact_table!` macro declares a table's columns and how a row fills each, once.
//!
//! Library considered: Polars' own builders (`PrimitiveChunkedBuilder`, `BooleanChunkedBuilder`). Here every cell is pushed into the buffer
//! that becomes the column, so that finishing a table copies nothing, and numbers that are never null have no validity bitmap. No separate
//! figure of the difference is recorded. Delete this file if Polars' builders finish without a copy and a declaration of a table's columns
//! can stand beside them as short as this one.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::BitmapBuilder;

/// A type of cell, and the buffers that collect its column.
pub(super) trait ColumnCell {
    /// The buffers of a column under construction.
    type Buffer;
    /// Empty buffers with capacity for `rows` cells.
    fn with_capacity(rows: usize) -> Self::Buffer;
    /// Appends the cell.
    fn append_to(self, buffer: &mut Self::Buffer);
    /// The finished column.
    fn finish(name: &str, buffer: Self::Buffer) -> Column;
}

/// Numbers that are never null.
macro_rules! non_null_number {
    ($($of:ty),*) => {
        $(impl ColumnCell for $of {
            type Buffer = Vec<$of>;

            fn with_capacity(rows: usize) -> Self::Buffer {
                Vec::with_capacity(rows)
            }

            fn append_to(self, buffer: &mut Self::Buffer) {
                buffer.push(self);
            }

            fn finish(name: &str, buffer: Self::Buffer) -> Column {
                Series::from_vec(name.into(), buffer).into_column()
            }
        })*
    };
}

non_null_number!(u32, i64);

impl ColumnCell for Option<i64> {
    /// Values and validity. The value of a null is 0.
    type Buffer = (Vec<i64>, BitmapBuilder);

    fn with_capacity(rows: usize) -> Self::Buffer {
        (Vec::with_capacity(rows), BitmapBuilder::with_capacity(rows))
    }

    fn append_to(self, (values, validity): &mut Self::Buffer) {
        values.push(self.unwrap_or_default());
        validity.push(self.is_some());
    }

    fn finish(name: &str, (values, validity): Self::Buffer) -> Column {
        let cells = PrimitiveArray::from_vec(values).with_validity(validity.into_opt_validity());
        Int64Chunked::with_chunk(name.into(), cells).into_column()
    }
}

impl ColumnCell for bool {
    type Buffer = BitmapBuilder;

    fn with_capacity(rows: usize) -> Self::Buffer {
        BitmapBuilder::with_capacity(rows)
    }

    fn append_to(self, buffer: &mut Self::Buffer) {
        buffer.push(self);
    }

    fn finish(name: &str, buffer: Self::Buffer) -> Column {
        BooleanChunked::from_bitmap(name.into(), buffer.freeze()).into_column()
    }
}

/// Declares a fact table: its columns in order, each with its dtype and the expression that a row fills it with.
macro_rules! fact_table {
    ($(#[$doc:meta])* $name:ident($($input:ident: $type:ty),* $(,)?) { $($column:ident: $cell:ty = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) struct $name {
            $($column: <$cell as $crate::facts::column_builder::ColumnCell>::Buffer),*
        }

        impl $name {
            /// Appends one row.
            fn push(&mut self, $($input: $type),*) {
                $(<$cell as $crate::facts::column_builder::ColumnCell>::append_to($value, &mut self.$column);)*
            }

            /// An empty table with capacity for `rows` rows.
            pub(super) fn with_capacity(rows: usize) -> Self {
                $name { $($column: <$cell as $crate::facts::column_builder::ColumnCell>::with_capacity(rows)),* }
            }

            /// The finished table.
            pub(super) fn frame(self) -> $crate::error::Result<polars::prelude::DataFrame> {
                let columns = vec![$(<$cell as $crate::facts::column_builder::ColumnCell>::finish(stringify!($column), self.$column)),*];
                Ok(polars::prelude::DataFrame::new_infer_height(columns)?)
            }
        }
    };
}
pub(super) use fact_table;
