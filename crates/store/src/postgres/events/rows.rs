//! From rows to events, destinations and deliveries.

use reelgate_domain::event::{
    Delivery, DeliveryId, DeliveryState, Destination, DestinationId, EventCursor, EventName,
    JobEvent, NameSet, Sealed, StoredEvent, TopicName,
};
use reelgate_domain::{JobId, PipelineId};
use tokio_postgres::Row;

use super::super::rows::Cells;
use crate::contract::Result;
use crate::stored::decode;

/// Reads `event_columns!`.
pub(super) fn event(row: &Row, table: &'static str) -> Result<StoredEvent> {
    let position: i64 = row.get(0);
    let cells = Cells::of(row, table, position);
    let code = cells.number::<i16, u8>(4, "name")?;
    let name = EventName::from_code(code)
        .ok_or_else(|| cells.corrupt("name", format!("{code} is no event")))?;
    let fault: Option<&str> = cells.get(7, "fault")?;
    let fault = fault.map(|text| decode(text, table, "fault", position));
    Ok(StoredEvent {
        cursor: EventCursor::at(cells.number::<i64, u64>(0, "position")?),
        event: JobEvent {
            account: cells.account(1)?,
            job: JobId::from_bytes(cells.bytes(2, "job")?),
            pipeline: PipelineId::from_bytes(cells.bytes(3, "pipeline")?),
            name,
            attempt: cells.number::<i32, u32>(5, "attempt")?,
            at: cells.time(6, "at")?,
            fault: fault.transpose()?,
        },
    })
}

/// A destination with what the engine knows of it beside.
pub(super) struct Known {
    pub(super) key: i64,
    pub(super) destination: Destination,
    pub(super) since: EventCursor,
    pub(super) deleted: bool,
}

/// Reads `destination_query!`.
pub(super) fn destination(row: &Row) -> Result<Known> {
    let key: i64 = row.get(0);
    let cells = Cells::of(row, "destinations", key);
    let bits = cells.number::<i64, u32>(5, "names")?;
    let names = NameSet::from_bits(bits)
        .ok_or_else(|| cells.corrupt("names", format!("{bits} has bits of no event")))?;
    let sealed = |id: Option<String>, bytes: Option<Vec<u8>>| {
        let bytes = bytes.unwrap_or_default();
        id.map(|id| Sealed { id, bytes })
    };
    let topic = cells.get::<Option<String>>(3, "topic")?;
    let topic = topic.map(|text| TopicName::stored(&text).map_err(|it| cells.corrupt("topic", it)));
    let secret = sealed(Some(cells.get(6, "secret")?), cells.get(7, "secret")?);
    let old = sealed(cells.get(8, "old_secret")?, cells.get(9, "old_secret")?);
    Ok(Known {
        key,
        destination: Destination {
            id: DestinationId::from_bytes(cells.bytes(1, "id")?),
            account: cells.account(2)?,
            topic: topic.transpose()?,
            url: cells.get(4, "url")?,
            names,
            secret: secret.ok_or_else(|| cells.corrupt("secret", "there is none"))?,
            old_secret: old.zip(cells.maybe_time(10, "old_until")?),
            enabled: cells.get(11, "enabled")?,
            created_at: cells.time(12, "created_at")?,
        },
        since: EventCursor::at(cells.number::<i64, u64>(13, "since")?),
        deleted: cells.get(14, "deleted")?,
    })
}

/// Reads `delivery_query!`.
pub(super) fn delivery(row: &Row) -> Result<Delivery> {
    let StoredEvent { cursor, event } = event(row, "deliveries")?;
    let number: i64 = row.get(8);
    let cells = Cells::of(row, "deliveries", number);
    let code = cells.number::<i16, u8>(12, "state")?;
    let state = DeliveryState::from_code(code)
        .ok_or_else(|| cells.corrupt("state", format!("{code} is no state")))?;
    let status = cells.get::<Option<i32>>(19, "last_status")?;
    let status = status
        .map(|status| u16::try_from(status).map_err(|error| cells.corrupt("last_status", error)));
    Ok(Delivery {
        number: cells.number::<i64, u64>(8, "number")?,
        id: DeliveryId::from_bytes(cells.bytes(9, "id")?),
        destination: DestinationId::from_bytes(cells.bytes(10, "destination")?),
        dialect: cells.get(11, "dialect")?,
        message: cells.get(21, "message")?,
        cursor,
        event,
        state,
        tries: cells.number::<i32, u32>(13, "tries")?,
        base: cells.number::<i32, u32>(14, "base")?,
        due_at: cells.maybe_time(15, "due_at")?,
        began_at: cells.time(16, "began_at")?,
        created_at: cells.time(17, "created_at")?,
        last_at: cells.maybe_time(18, "last_at")?,
        last_status: status.transpose()?,
        last_error: cells.get(20, "last_error")?,
    })
}
