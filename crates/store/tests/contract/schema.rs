//! The tables of both databases are the same: columns in their order, logical
//! types, nullability, primary keys, indexes with their predicates, references.

use std::collections::{BTreeMap, BTreeSet};

use keyward_store::Pool;
use sqlx::{PgPool, SqlitePool};

use crate::support;

/// One table, in words that both databases share.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: Vec<Column>,
    primary_key: Vec<String>,
    indexes: BTreeMap<String, Index>,
    references: BTreeSet<(String, String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: String,
    kind: &'static str,
    nullable: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Index {
    unique: bool,
    columns: Vec<String>,
    predicate: Option<String>,
}

type Schema = BTreeMap<String, Table>;

#[tokio::test]
async fn sqlite_and_postgresql_have_the_same_tables() {
    let sqlite = support::sqlite().await;
    let Pool::Sqlite { write, .. } = &sqlite.pool else { panic!("asked for SQLite") };
    let of_sqlite = read_sqlite(write).await;
    assert!(of_sqlite.contains_key("credentials"));
    assert!(of_sqlite["credentials"].indexes["credentials_project_name"].predicate.is_some());
    sqlite.finish().await;

    let Some(postgres) = support::postgres().await else { return };
    let Pool::Postgres(pool) = &postgres.pool else { panic!("asked for PostgreSQL") };
    let of_postgres = read_postgres(pool).await;
    let names = |schema: &Schema| schema.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&of_sqlite), names(&of_postgres));
    for (name, table) in &of_sqlite {
        assert_eq!(table, &of_postgres[name], "left: SQLite's {name}, right: PostgreSQL's");
    }
    postgres.finish().await;
}

fn split(columns: &str) -> Vec<String> {
    columns.split(',').map(str::to_owned).collect()
}

/// Without the parentheses that PostgreSQL puts around it.
fn predicate(text: &str) -> String {
    text.trim().trim_start_matches('(').trim_end_matches(')').to_owned()
}

async fn read_sqlite(pool: &SqlitePool) -> Schema {
    let tables = "SELECT name, strict FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'";
    let tables: Vec<(String, bool)> = sqlx::query_as(tables).fetch_all(pool).await.unwrap();
    let mut schema = Schema::new();
    for (name, strict) in tables {
        assert!(strict, "{name} isn't STRICT");
        let mut table = Table::default();
        let columns = "SELECT name, type, \"notnull\", pk FROM pragma_table_info($1) ORDER BY cid";
        let columns: Vec<(String, String, bool, i64)> =
            sqlx::query_as(columns).bind(&name).fetch_all(pool).await.unwrap();
        let mut primary_key = BTreeMap::new();
        for (column, kind, not_null, place) in columns {
            if place > 0 {
                primary_key.insert(place, column.clone());
            }
            let kind = match kind.as_str() {
                "INTEGER" => "number",
                "TEXT" => "text",
                "BLOB" => "bytes",
                other => panic!("{name}.{column} is {other}"),
            };
            table.columns.push(Column { name: column, kind, nullable: !not_null });
        }
        table.primary_key = primary_key.into_values().collect();
        let indexes = "SELECT l.name, l.\"unique\", (SELECT group_concat(i.name, ',' ORDER BY i.seqno)
                FROM pragma_index_info(l.name) i), m.sql
            FROM pragma_index_list($1) l JOIN sqlite_master m ON m.name = l.name WHERE l.origin = 'c'";
        let indexes: Vec<(String, bool, String, String)> =
            sqlx::query_as(indexes).bind(&name).fetch_all(pool).await.unwrap();
        for (index, unique, columns, text) in indexes {
            let predicate = text.split_once(" WHERE ").map(|(_, text)| predicate(text));
            table.indexes.insert(index, Index { unique, columns: split(&columns), predicate });
        }
        let references = "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list($1)";
        table.references = sqlx::query_as(references).bind(&name).fetch_all(pool).await.unwrap().into_iter().collect();
        schema.insert(name, table);
    }
    schema
}

async fn read_postgres(pool: &PgPool) -> Schema {
    let mut schema = Schema::new();
    let columns = "SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
            c.collname::text
        FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid LEFT JOIN pg_collation c ON c.oid = a.attcollation
        WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND t.relname <> '_sqlx_migrations'
            AND a.attnum > 0 AND NOT a.attisdropped ORDER BY t.relname, a.attnum";
    let columns: Vec<(String, String, String, bool, Option<String>)> =
        sqlx::query_as(columns).fetch_all(pool).await.unwrap();
    for (table, column, kind, nullable, collation) in columns {
        let kind = match kind.as_str() {
            "bigint" | "boolean" => "number",
            "text" => "text",
            "uuid" | "bytea" => "bytes",
            other => panic!("{table}.{column} is {other}"),
        };
        // Otherwise lists would be ordered differently, and look-ups by prefix slow.
        assert_eq!(collation.as_deref(), (kind == "text").then_some("C"), "{table}.{column}");
        schema.entry(table).or_default().columns.push(Column { name: column, kind, nullable });
    }
    let indexes = "SELECT t.relname::text, i.relname::text, x.indisprimary, x.indisunique,
            (SELECT string_agg(a.attname::text, ',' ORDER BY k.place) FROM unnest(x.indkey) WITH ORDINALITY k (attnum, place)
                JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum),
            pg_get_expr(x.indpred, x.indrelid)
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        WHERE t.relnamespace = current_schema()::regnamespace AND t.relname <> '_sqlx_migrations'";
    let indexes: Vec<(String, String, bool, bool, String, Option<String>)> =
        sqlx::query_as(indexes).fetch_all(pool).await.unwrap();
    for (table, index, primary, unique, columns, text) in indexes {
        let table = schema.get_mut(&table).unwrap();
        if primary {
            table.primary_key = split(&columns);
        } else {
            let predicate = text.as_deref().map(predicate);
            table.indexes.insert(index, Index { unique, columns: split(&columns), predicate });
        }
    }
    let references = "SELECT t.relname::text, a.attname::text, r.relname::text, b.attname::text
        FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
        JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1]
        WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace";
    let references: Vec<(String, String, String, String)> = sqlx::query_as(references).fetch_all(pool).await.unwrap();
    for (table, column, other, key) in references {
        schema.get_mut(&table).unwrap().references.insert((column, other, key));
    }
    schema
}
