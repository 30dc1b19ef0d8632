//! The file that a backup is.
//!
//! A line that says what it is, then frames: a kind, a length, so many bytes, and a digest of the frame
//! and all before it. So a frame that is damaged, missing, or in another place is found when it is read,
//! and so is a file that ends too early. The first frame says what follows, the last how much it was.

use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::{CopyError, Result, Row, Sums, Table, Value};

const MAGIC: &[u8] = b"reelgate backup 1\n";

/// A frame is written when it has this many bytes.
const FRAME: usize = 1 << 20;

/// A frame with more than this is none: a row has a few MiB at the most.
const MOST: u32 = 256 << 20;

const HEAD: u8 = b'H';
const ROWS: u8 = b'R';
const END: u8 = b'E';

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) engine: String,
    pub(super) schema: u32,
    pub(super) release: String,
    /// Milliseconds since the epoch.
    pub(super) taken_at: i64,
    pub(super) tables: Vec<TableHead>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableHead {
    name: String,
    columns: Vec<String>,
    key: Vec<usize>,
}

impl TableHead {
    pub(super) fn of(table: &Table) -> Self {
        Self {
            name: table.name.clone(),
            columns: table.columns.clone(),
            key: table.key.clone(),
        }
    }

    fn table(self) -> Option<Table> {
        let Self { name, columns, key } = self;
        let is_sound = key.iter().all(|index| *index < columns.len());
        is_sound.then_some(Table { name, columns, key })
    }
}

impl Head {
    pub(super) fn tables(&self) -> Option<Vec<Table>> {
        self.tables.iter().cloned().map(TableHead::table).collect()
    }
}

/// Adds a row's values in a form in which no two rows look alike.
pub(super) fn encode_row(row: &Row, to: &mut Vec<u8>) {
    for value in row {
        match value {
            Value::Null => to.push(0),
            Value::Int(number) => {
                to.push(1);
                to.extend(number.to_le_bytes());
            }
            Value::Text(text) => encode_bytes(2, text.as_bytes(), to),
            Value::Bytes(bytes) => encode_bytes(3, bytes, to),
        }
    }
}

fn encode_bytes(kind: u8, bytes: &[u8], to: &mut Vec<u8>) {
    to.push(kind);
    to.extend((bytes.len() as u64).to_le_bytes());
    to.extend(bytes);
}

fn decode_row(bytes: &mut &[u8], columns: usize) -> Option<Row> {
    (0..columns).map(|_| decode_value(bytes)).collect()
}

fn decode_value(bytes: &mut &[u8]) -> Option<Value> {
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    match kind {
        0 => Some(Value::Null),
        1 => Some(Value::Int(i64::from_le_bytes(take(bytes)?))),
        2 => String::from_utf8(decode_bytes(bytes)?)
            .ok()
            .map(Value::Text),
        3 => decode_bytes(bytes).map(Value::Bytes),
        _ => None,
    }
}

fn decode_bytes(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_le_bytes(take(bytes)?)).ok()?;
    let (value, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(value.to_vec())
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*value)
}

/// The digest of a frame and of all before it.
fn chained(before: &[u8; 32], kind: u8, length: u32, bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(before);
    context.update(&[kind]);
    context.update(&length.to_le_bytes());
    context.update(bytes);
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Writes a backup.
pub(super) struct Writer<W> {
    to: W,
    path: PathBuf,
    digest: [u8; 32],
    written: u64,
    /// Rows of the table with this number that wait to be written.
    waiting: Vec<u8>,
    table: u32,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(to: W, path: PathBuf, head: &Head) -> Result<Self> {
        let mut writer = Self {
            to,
            path,
            digest: [0; 32],
            written: 0,
            waiting: Vec::new(),
            table: 0,
        };
        writer.write(MAGIC)?;
        writer.frame(HEAD, &json(head))?;
        Ok(writer)
    }

    /// Adds rows of the table with this number.
    pub(super) fn rows(&mut self, table: u32, rows: &[Row]) -> Result<()> {
        if table != self.table {
            self.flush()?;
            self.table = table;
        }
        for row in rows {
            encode_row(row, &mut self.waiting);
            if self.waiting.len() >= FRAME {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Ends it; what was written to, and how many bytes that were.
    pub(super) fn end(mut self, sums: &Sums) -> Result<(W, u64)> {
        self.flush()?;
        self.frame(END, &json(sums))?;
        Ok((self.to, self.written))
    }

    fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut bytes = self.table.to_le_bytes().to_vec();
        bytes.append(&mut self.waiting);
        self.frame(ROWS, &bytes)
    }

    fn frame(&mut self, kind: u8, bytes: &[u8]) -> Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|it| *it <= MOST);
        let length = length
            .ok_or_else(|| CopyError::Refused("a row is too large for a backup".to_owned()))?;
        self.digest = chained(&self.digest, kind, length, bytes);
        let digest = self.digest;
        self.write(&[kind])?;
        self.write(&length.to_le_bytes())?;
        self.write(bytes)?;
        self.write(&digest)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        self.to.write_all(bytes).map_err(|cause| CopyError::Io {
            path: self.path.clone(),
            cause,
        })
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("names and numbers are JSON")
}

/// What comes next in a backup.
pub(super) enum Part {
    /// Rows of the table with this number.
    Rows(usize, Vec<Row>),
    End(Sums),
}

/// Reads a backup.
pub(super) struct Reader<R> {
    from: R,
    path: PathBuf,
    digest: [u8; 32],
    at: u64,
    pub(super) head: Head,
    pub(super) tables: Vec<Table>,
}

impl<R: Read> Reader<R> {
    pub(super) fn begin(mut from: R, path: PathBuf) -> Result<Self> {
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Err(cause) if cause.kind() != ErrorKind::UnexpectedEof => {
                return Err(CopyError::Io { path, cause });
            }
            _ => return Err(CopyError::NoBackup(path)),
        }
        let mut reader = Self {
            from,
            path,
            digest: [0; 32],
            at: MAGIC.len() as u64,
            head: Head {
                engine: String::new(),
                schema: 0,
                release: String::new(),
                taken_at: 0,
                tables: Vec::new(),
            },
            tables: Vec::new(),
        };
        let (kind, bytes) = reader.frame()?;
        let head: Option<Head> = serde_json::from_slice(&bytes).ok();
        let head = head.filter(|_| kind == HEAD);
        let tables = head.as_ref().and_then(Head::tables);
        match (head, tables) {
            (Some(head), Some(tables)) => {
                reader.head = head;
                reader.tables = tables;
                Ok(reader)
            }
            _ => Err(reader.damaged("it does not say what is in it")),
        }
    }

    pub(super) fn next(&mut self) -> Result<Part> {
        let (kind, bytes) = self.frame()?;
        let part = match kind {
            ROWS => self.rows(&bytes),
            END => serde_json::from_slice(&bytes).ok().map(Part::End),
            _ => None,
        };
        let part = part.ok_or_else(|| self.damaged("it makes no sense"))?;
        if let Part::End(_) = part {
            let mut more = [0; 1];
            match self.from.read(&mut more) {
                Ok(0) => {}
                Ok(_) => return Err(self.damaged("there is more after its end")),
                Err(cause) => return Err(self.io(cause)),
            }
        }
        Ok(part)
    }

    fn rows(&self, mut bytes: &[u8]) -> Option<Part> {
        let number = u32::from_le_bytes(take(&mut bytes)?) as usize;
        let columns = self.tables.get(number)?.columns.len();
        let mut rows = Vec::new();
        while !bytes.is_empty() {
            rows.push(decode_row(&mut bytes, columns)?);
        }
        Some(Part::Rows(number, rows))
    }

    fn frame(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut lead = [0; 5];
        self.read(&mut lead)?;
        let [kind, length @ ..] = lead;
        let length = u32::from_le_bytes(length);
        if length > MOST {
            return Err(self.damaged("a length that cannot be"));
        }
        // Not at once: the length may be wrong.
        let mut bytes = Vec::new();
        let got = (&mut self.from)
            .take(u64::from(length))
            .read_to_end(&mut bytes);
        got.map_err(|cause| self.io(cause))?;
        if bytes.len() < length as usize {
            return Err(self.damaged("it ends too early"));
        }
        let mut digest = [0; 32];
        self.read(&mut digest)?;
        self.digest = chained(&self.digest, kind, length, &bytes);
        if digest != self.digest {
            return Err(self.damaged("a checksum is wrong"));
        }
        self.at += (lead.len() + bytes.len() + digest.len()) as u64;
        Ok((kind, bytes))
    }

    fn read(&mut self, to: &mut [u8]) -> Result<()> {
        match self.from.read_exact(to) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
                Err(self.damaged("it ends too early"))
            }
            Err(cause) => Err(self.io(cause)),
        }
    }

    pub(super) fn damaged(&self, why: &'static str) -> CopyError {
        CopyError::Damaged {
            path: self.path.clone(),
            at: self.at,
            why,
        }
    }

    fn io(&self, cause: std::io::Error) -> CopyError {
        CopyError::Io {
            path: self.path.clone(),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Table {
        Table {
            name: name.to_owned(),
            columns: ["id".to_owned(), "text".to_owned()].to_vec(),
            key: vec![0],
        }
    }

    fn row(number: i64) -> Row {
        match number % 3 {
            0 => vec![Value::Int(number), Value::Null],
            1 => vec![Value::Int(number), Value::Text("größer".to_owned())],
            _ => vec![Value::Bytes(vec![0, 255]), Value::Text(String::new())],
        }
    }

    fn written() -> (Vec<u8>, Sums) {
        let tables = [table("a"), table("b"), table("c")];
        let head = Head {
            engine: "sqlite".to_owned(),
            schema: 4,
            release: "1".to_owned(),
            taken_at: 7,
            tables: tables.iter().map(TableHead::of).collect(),
        };
        let mut writer = Writer::begin(Vec::new(), PathBuf::from("x"), &head).unwrap();
        let mut sums = Sums::default();
        for (number, table) in [(0, &tables[0]), (2, &tables[2])] {
            for page in 0..3 {
                let rows: Vec<_> = (page * 5..page * 5 + 5).map(row).collect();
                sums.add(table, &rows);
                writer.rows(number, &rows).unwrap();
            }
        }
        let (bytes, length) = writer.end(&sums).unwrap();
        assert_eq!(bytes.len() as u64, length);
        (bytes, sums)
    }

    fn read(bytes: &[u8]) -> Result<(Sums, Sums)> {
        let mut reader = Reader::begin(bytes, PathBuf::from("x"))?;
        let mut found = Sums::default();
        loop {
            match reader.next()? {
                Part::Rows(number, rows) => found.add(&reader.tables[number], &rows),
                Part::End(sums) => return Ok((found, sums)),
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, sums) = written();
        let (found, said) = read(&bytes).unwrap();
        assert_eq!(found, sums);
        assert_eq!(said, sums);
        assert_eq!((sums.rows(), sums.of("b").rows), (30, 0));
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_found() {
        let (bytes, _) = written();
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let error = read(&flipped).map(drop).unwrap_err();
            let is_told = matches!(error, CopyError::Damaged { .. } | CopyError::NoBackup(_));
            assert!(is_told, "byte {at}: {error}");
            let error = read(&bytes[..at]).map(drop).unwrap_err();
            let is_told = matches!(error, CopyError::Damaged { .. } | CopyError::NoBackup(_));
            assert!(is_told, "{at} bytes: {error}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert!(read(&longer).is_err());
    }

    #[test]
    fn sums_do_not_depend_on_the_order_and_on_nothing_else() {
        let of = |numbers: &[i64]| {
            let mut sum = Sums::default();
            let rows: Vec<_> = numbers.iter().copied().map(row).collect();
            sum.add(&table("a"), &rows);
            sum.of("a")
        };
        assert_eq!(of(&[1, 3, 4]), of(&[4, 1, 3]));
        for other in [&[1_i64, 3][..], &[1, 3, 3], &[1, 3, 4, 4], &[1, 3, 6]] {
            assert_ne!(of(&[1, 3, 4]), of(other));
        }
    }
}
