import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './tree.ts'

/**
 * An upgrade has the version before and the new one side by side on one database, so a migration takes nothing away that the
 * version before uses. What no version uses any more is removed by a later one, and says so: `-- contract: unused since 0.4`.
 */
const SINCE = 74

const BREAKS: [RegExp, string][] = [
  [/\bdrop\s+(table|view|materialized view|type|function|sequence|column)\b/i, 'takes something away'],
  [/\brename\s+(to|column|constraint)\b/i, 'renames something'],
  [/\balter\s+(column\s+)?\w+\s+(set\s+data\s+)?type\b/i, 'changes a type'],
  [
    /\balter\s+(column\s+)?\w+\s+set\s+not\s+null\b/i,
    'demands a value that the version before may not write',
  ],
  [
    /\badd\s+(column\s+)?\w+\s(?!.*\bdefault\b).*\bnot\s+null\b/i,
    'adds a column that the version before does not fill',
  ],
]

/** What of a migration the version before could not live with. */
function breaksOf(text: string): string[] {
  return text
    .split(/;\s*$/m)
    .filter((statement) => !/^\s*--\s*contract: \S/m.test(statement))
    .flatMap((statement) => {
      const sql = statement.replace(/--.*$/gm, '')
      return BREAKS.filter(([pattern]) => pattern.test(sql)).map(
        ([, why]) => `${why}: ${sql.trim().replace(/\s+/g, ' ').slice(0, 80)}`,
      )
    })
}

/**
 * An index of a table that was there before is built beside those who write to it, in a file of its own that begins with
 * `-- one by one: `. What is known to be short says so above it: `-- short: a row for each tenant`.
 */
const BESIDE_SINCE = 85

/** What of a migration keeps everybody from a table for as long as there is much in it. */
function holdsOf(text: string): string[] {
  const made = new Set([...text.matchAll(/\bcreate\s+table\s+(\w+)/gi)].map(([, table]) => table))
  const alone = text.startsWith('-- one by one: ')
  return text
    .split(/;\s*$/m)
    .filter((statement) => !/^\s*--\s*short: \S/m.test(statement))
    .flatMap((statement) => {
      const sql = statement.replace(/--.*$/gm, '').trim()
      const [, concurrently, table] =
        /^create\s+(?:unique\s+)?index\s+(concurrently\s+)?.*?\bon\s+(\w+)/is.exec(sql) ?? []
      if (
        alone &&
        !/^(create\s+(unique\s+)?index\s+concurrently\s+if\s+not|drop\s+index\s+concurrently\s+if)\s+exists\b/i.test(
          sql,
        )
      )
        return sql === '' ? [] : [`cannot be repeated: ${sql.slice(0, 80)}`]
      return table === undefined || concurrently !== undefined || made.has(table)
        ? []
        : [`holds up ${table}: ${sql.slice(0, 80)}`]
    })
}

const since = (first: number, faultsOf: (text: string) => string[]): string[] => {
  const folder = join(ROOT, 'migrations')
  const later = readdirSync(folder).filter((name) => Number(/^(\d{4})_/.exec(name)?.[1] ?? 0) >= first)
  return later.flatMap((name) =>
    faultsOf(readFileSync(join(folder, name), 'utf8')).map((fault) => `${name} ${fault}`),
  )
}

it('no migration breaks the version that still runs beside it', () =>
  expect(since(SINCE, breaksOf)).toEqual([]))

it('no migration keeps everybody from a large table while it builds an index', () =>
  expect(since(BESIDE_SINCE, holdsOf)).toEqual([]))

it('an index that is built beside others has a name of its own: one of the name that is there would pass for it', () => {
  const names = since(1, (text) =>
    [
      ...text.matchAll(/\bcreate\s+(?:unique\s+)?index\s+(?:concurrently\s+if\s+not\s+exists\s+)?(\w+)/gi),
    ].map(([, name]) => name ?? ''),
  ).map((line) => line.split(' ')[1])
  const beside = since(BESIDE_SINCE, (text) =>
    [...text.matchAll(/\bconcurrently\s+if\s+not\s+exists\s+(\w+)/gi)].map(([, name]) => name ?? ''),
  ).map((line) => line.split(' ')[1])
  expect(beside.filter((name) => names.filter((other) => other === name).length > 1)).toEqual([])
})

it.each([
  ['create index pods_size on pods (size);', 'holds up pods'],
  ['create unique index pods_size\n  on pods (size);', 'holds up pods'],
  ['-- one by one: pods\nalter table pods add column size int;', 'cannot be repeated'],
  ['-- one by one: pods\ncreate index concurrently pods_size on pods (size);', 'cannot be repeated'],
])('%s is found to hold others up', (sql, why) =>
  expect(holdsOf(sql)).toEqual([expect.stringContaining(why)]),
)

it.each([
  'create table pods (size int);\ncreate index pods_size on pods (size);',
  '-- short: a row for each tenant\ncreate index pods_size on pods (size);',
  '-- one by one: pods\ncreate index concurrently if not exists pods_size on pods (size);\ndrop index concurrently if exists pods_old;',
])('%s holds nobody up', (sql) => expect(holdsOf(sql)).toEqual([]))

it.each([
  ['alter table pods drop column size;', 'takes something away'],
  ['drop table pods;', 'takes something away'],
  ['alter table pods rename column size to disk;', 'renames something'],
  ['alter table pods\n  alter column size type bigint;', 'changes a type'],
  ['alter table pods alter column size set not null;', 'demands a value'],
  ['alter table pods add column size int not null;', 'adds a column'],
])('%s is found', (sql, why) => expect(breaksOf(sql)).toEqual([expect.stringContaining(why)]))

it.each([
  'alter table pods add column size int not null default 0;',
  'alter table pods add column size int;',
  'create table pods (id uuid not null, size int not null);',
  'alter table pods drop constraint pods_check;',
  '-- contract: unused since 0.4\nalter table pods drop column size;',
])('%s is no break', (sql) => expect(breaksOf(sql)).toEqual([]))
