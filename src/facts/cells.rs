//! Rows on their way into columns: each cell goes where it stays, so that ending a table moves none.

use polars::prelude::*;
use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::BitmapBuilder;

/// What a column of rows is made of.
pub(super) trait Cell {
    type Cells;
    fn room(rows: usize) -> Self::Cells;
    fn add(self, cells: &mut Self::Cells);
    fn column(name: &str, cells: Self::Cells) -> Column;
}

/// Numbers that are always there.
macro_rules! number {
    ($($of:ty),*) => {
        $(impl Cell for $of {
            type Cells = Vec<$of>;

            fn room(rows: usize) -> Self::Cells {
                Vec::with_capacity(rows)
            }

            fn add(self, cells: &mut Self::Cells) {
                cells.push(self);
            }

            fn column(name: &str, cells: Self::Cells) -> Column {
                Series::from_vec(name.into(), cells).into_column()
            }
        })*
    };
}

number!(u32, i64);

impl Cell for Option<i64> {
    /// What is missing is 0, and no bit tells of it.
    type Cells = (Vec<i64>, BitmapBuilder);

    fn room(rows: usize) -> Self::Cells {
        (Vec::with_capacity(rows), BitmapBuilder::with_capacity(rows))
    }

    fn add(self, (values, known): &mut Self::Cells) {
        values.push(self.unwrap_or_default());
        known.push(self.is_some());
    }

    fn column(name: &str, (values, known): Self::Cells) -> Column {
        let cells = PrimitiveArray::from_vec(values).with_validity(known.into_opt_validity());
        Int64Chunked::with_chunk(name.into(), cells).into_column()
    }
}

impl Cell for bool {
    type Cells = BitmapBuilder;

    fn room(rows: usize) -> Self::Cells {
        BitmapBuilder::with_capacity(rows)
    }

    fn add(self, cells: &mut Self::Cells) {
        cells.push(self);
    }

    fn column(name: &str, cells: Self::Cells) -> Column {
        BooleanChunked::from_bitmap(name.into(), cells.freeze()).into_column()
    }
}

/// The columns of a table, each with how a row fills it.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident($($given:ident: $type:ty),* $(,)?) { $($column:ident: $of:ty = $value:expr),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) struct $name {
            $($column: <$of as $crate::facts::cells::Cell>::Cells),*
        }

        impl $name {
            fn push(&mut self, $($given: $type),*) {
                $(<$of as $crate::facts::cells::Cell>::add($value, &mut self.$column);)*
            }

            /// With room for so many rows.
            pub(super) fn with_room(rows: usize) -> Self {
                $name { $($column: <$of as $crate::facts::cells::Cell>::room(rows)),* }
            }

            pub(super) fn frame(self) -> $crate::error::Result<polars::prelude::DataFrame> {
                let columns = vec![$(<$of as $crate::facts::cells::Cell>::column(stringify!($column), self.$column)),*];
                Ok(polars::prelude::DataFrame::new_infer_height(columns)?)
            }
        }
    };
}
pub(super) use table;
