//! Polars frames: the one place that collects lazy queries, and the conversion to and from Arrow through the C data interface, without a
//! copy.
//!
//! One of the two modules with unsafe code: Polars and Arrow exchange a column as the structs of the C data interface, each with its own
//! types for them, and neither library has a safe way to hand one over.

#![expect(unsafe_code, reason = "a column passes from one library to the other through the C data interface")]

use crate::error::Result;
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, make_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use polars::prelude::*;
use polars_arrow::ffi;
use std::mem::transmute;
use std::sync::Arc;

/// Collects a query. Everything else stays lazy: a lint bans `LazyFrame::collect` elsewhere. Errors: the query fails.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn collect(query: LazyFrame) -> Result<DataFrame> {
    Ok(query.collect()?)
}

/// Concatenates frames of one schema, in order.
pub fn stack(frames: impl IntoIterator<Item = LazyFrame>) -> Result<LazyFrame> {
    let frames = frames.into_iter().collect::<Vec<_>>();
    Ok(concat(frames, UnionArgs { maintain_order: true, ..UnionArgs::default() })?)
}

/// Converts a frame to one Arrow batch with nullable columns. String columns become Utf8. Errors: a column has no Arrow type, or a String
/// column exceeds 2 GiB.
pub fn to_arrow(frame: &DataFrame) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for column in frame.columns() {
        let array = array_to_arrow(&column.as_materialized_series().rechunk())?;
        fields.push(Field::new(column.name().as_str(), array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(frame.height()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

/// Converts a series of one chunk.
fn array_to_arrow(series: &Series) -> Result<ArrayRef> {
    let array = series.to_arrow(0, CompatLevel::oldest());
    let field = polars_arrow::datatypes::Field::new(PlSmallStr::EMPTY, array.dtype().clone(), true);
    let (array, schema) = (ffi::export_array_to_c(array), ffi::export_field_to_c(&field));
    // SAFETY: both sides declare the structs of the Arrow C data interface, whose layout the specification fixes;
    // ownership moves with the value, so the release callback runs once.
    let data = unsafe {
        let array = transmute::<ffi::ArrowArray, FFI_ArrowArray>(array);
        let schema = transmute::<ffi::ArrowSchema, FFI_ArrowSchema>(schema);
        from_ffi(array, &schema)?
    };
    let array = make_array(data);
    Ok(if array.data_type() == &ArrowType::LargeUtf8 { cast(&array, &ArrowType::Utf8)? } else { array })
}

/// The rows for which a condition holds, as a bitmap. Null does not hold.
pub fn held(conditions: &BooleanArray) -> BooleanBuffer {
    conditions.nulls().map_or_else(|| conditions.values().clone(), |known| conditions.values() & known.inner())
}

/// Converts an Arrow batch to a frame.
pub fn from_arrow(batch: &RecordBatch) -> Result<DataFrame> {
    let mut columns = Vec::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let series = series_from_arrow(field.name(), array)?;
        columns.push(series.into_column());
    }
    Ok(DataFrame::new(batch.num_rows(), columns)?)
}

/// Converts an array to a series.
fn series_from_arrow(name: &str, array: &ArrayRef) -> Result<Series> {
    let (array, schema) = to_ffi(&array.to_data())?;
    // SAFETY: as in `array_to_arrow`, in the other direction.
    let array = unsafe {
        let array = transmute::<FFI_ArrowArray, ffi::ArrowArray>(array);
        let schema = transmute::<FFI_ArrowSchema, ffi::ArrowSchema>(schema);
        let field = ffi::import_field_from_c(&schema)?;
        ffi::import_array_from_c(array, field.dtype)?
    };
    Ok(Series::from_arrow(name.into(), array)?)
}

/// Builds a frame from named vectors of one length.
macro_rules! frame {
    ($($name:literal => $values:expr),* $(,)?) => {
        DataFrame::new_infer_height(vec![$(Column::new($name.into(), $values)),*])
    };
}
pub(crate) use frame;

#[cfg(test)]
mod tests {
    use super::*;

    /// Covers every dtype that the pipeline uses, with nulls, and an empty frame.
    #[test]
    fn frames_convert_to_arrow_and_back() {
        let frame = DataFrame::new_infer_height(vec![
            Column::new("code".into(), [1u32, 2, 3]),
            Column::new("count".into(), [Some(1i64), None, Some(i64::MIN)]),
            Column::new("rate".into(), [Some(0.5f64), None, Some(-1.0)]),
            Column::new("flag".into(), [Some(true), None, Some(false)]),
            Column::new("id".into(), [Some("店铺/二=x, longer than a view's twelve bytes"), None, Some("")]),
        ])
        .unwrap();
        for frame in [frame.clone(), frame.slice(1, 2), frame.head(Some(0))] {
            assert!(from_arrow(&to_arrow(&frame).unwrap()).unwrap().equals_missing(&frame));
        }
    }
}
