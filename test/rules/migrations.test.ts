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

it('no migration breaks the version that still runs beside it', () => {
  const folder = join(ROOT, 'migrations')
  const later = readdirSync(folder).filter((name) => Number(/^(\d{4})_/.exec(name)?.[1] ?? 0) >= SINCE)
  const found = later.flatMap((name) =>
    breaksOf(readFileSync(join(folder, name), 'utf8')).map((fault) => `${name} ${fault}`),
  )
  expect(found).toEqual([])
})

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
