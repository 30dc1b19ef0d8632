//! How a table's rows are read as plain values, and made of them.

use crate::copying::Table;

/// How a column's values are had as plain ones, and made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int(&'static str),
    Bool,
    Text,
    Bytes,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "int8" => Self::Int("bigint"),
            "int4" => Self::Int("integer"),
            "int2" => Self::Int("smallint"),
            "bool" => Self::Bool,
            "text" => Self::Text,
            "bytea" => Self::Bytes,
            _ => return None,
        })
    }

    /// The column as it is read.
    fn read(self, column: &str) -> String {
        match self {
            Self::Int(_) => format!("{column}::bigint"),
            Self::Bool => format!("{column}::integer::bigint"),
            Self::Text | Self::Bytes => column.to_owned(),
        }
    }

    /// What a plain value is for the column.
    fn made(self, value: &str) -> String {
        match self {
            Self::Int(kind) => format!("{value}::{kind}"),
            Self::Bool => format!("{value}::integer::boolean"),
            Self::Text | Self::Bytes => value.to_owned(),
        }
    }

    /// What a plain value is sent as.
    const fn plain(self) -> &'static str {
        match self {
            Self::Int(_) | Self::Bool => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

/// What a column goes by in copies. Two are called otherwise here, because their names are words of the
/// language.
pub(super) fn plain_name(column: &str) -> &str {
    match column {
        "user_name" => "user",
        "only_row" => "only",
        other => other,
    }
}

/// Columns that follow from others.
pub(super) fn follows(table: &str, column: &str) -> bool {
    (table, column) == ("queues", "closed")
}

/// Columns that only this engine has, and what they are until [`Copied::settle`] says more; nothing for
/// those that number rows as they come.
pub(super) fn only_here(table: &str, column: &str) -> Option<Option<&'static str>> {
    match (table, column) {
        ("events", "arrival") => Some(None),
        ("event_log", "last") => Some(Some("0")),
        _ => None,
    }
}

/// What a table's key is for other engines.
pub(super) fn key_elsewhere(table: &str) -> Option<&'static str> {
    (table == "events").then_some("position")
}

/// A table's columns here, in the order of their plain names, and the statements about them.
pub(super) struct Shape {
    pub(super) table: Table,
    pub(super) kinds: Vec<Kind>,
    pub(super) first: &'static str,
    pub(super) beyond: &'static str,
    pub(super) last: &'static str,
    pub(super) insert: &'static str,
}

impl Shape {
    /// `made_up` has columns that are given the same value in every row.
    pub(super) fn new(name: &str, mut columns: Vec<Column>, made_up: &[(String, &str)]) -> Self {
        columns.sort_by(|a, b| plain_name(&a.name).cmp(plain_name(&b.name)));
        let mut key: Vec<usize> = (0..columns.len())
            .filter(|index| columns[*index].place.is_some())
            .collect();
        key.sort_by_key(|index| columns[*index].place);
        let quoted: Vec<_> = columns
            .iter()
            .map(|it| format!("\"{}\"", it.name))
            .collect();
        let join = |parts: Vec<String>| parts.join(", ");
        let all = columns.iter().zip(&quoted);
        let read = join(all.map(|(it, name)| it.kind.read(name)).collect());
        let order = join(key.iter().map(|index| quoted[*index].clone()).collect());
        let backward = join(
            key.iter()
                .map(|index| format!("{} DESC", quoted[*index]))
                .collect(),
        );
        let after = (1..).zip(&key).map(|(number, index)| {
            let kind = columns[*index].kind;
            kind.made(&format!("${number}::{}", kind.plain()))
        });
        let after = join(after.collect());
        let size = key.len() + 1;
        let arrays = (1..).zip(&columns);
        let arrays = arrays.map(|(number, it)| format!("${number}::{}[]", it.kind.plain()));
        let arrays = join(arrays.collect());
        let names = join(
            (0..columns.len())
                .map(|index| format!("c{index}"))
                .collect(),
        );
        let made = columns.iter().enumerate();
        let made = join(
            made.map(|(index, it)| it.kind.made(&format!("u.c{index}")))
                .collect(),
        );
        let mut into = join(quoted.clone());
        let mut made = made;
        for (column, value) in made_up {
            into.push_str(&format!(", \"{column}\""));
            made.push_str(&format!(", {value}"));
        }
        let keys = key
            .iter()
            .map(|index| columns[*index].kind.read(&quoted[*index]));
        let keys = join(keys.collect());
        // A copy is made once in a program's life, and what is prepared is known by its text.
        let text = |text: String| -> &'static str { text.leak() };
        Self {
            first: text(format!(
                "SELECT {read} FROM \"{name}\" ORDER BY {order} LIMIT $1"
            )),
            beyond: text(format!(
                "SELECT {read} FROM \"{name}\" WHERE ({order}) > ({after}) ORDER BY {order} LIMIT ${size}"
            )),
            last: text(format!(
                "SELECT {keys} FROM \"{name}\" ORDER BY {backward} LIMIT 1"
            )),
            insert: text(format!(
                "INSERT INTO \"{name}\" ({into}) OVERRIDING SYSTEM VALUE \
                 SELECT {made} FROM unnest({arrays}) AS u ({names})"
            )),
            kinds: columns.iter().map(|column| column.kind).collect(),
            table: Table {
                name: name.to_owned(),
                columns: columns
                    .iter()
                    .map(|it| plain_name(&it.name).to_owned())
                    .collect(),
                key,
            },
        }
    }
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// In the key.
    pub(super) place: Option<i32>,
}
