import { describe, expect, it } from 'vitest'
import { translate } from '../../web/build/plugin.ts'
import { textsOf } from '../../web/build/texts.ts'

const keys = (source: string): string[] => textsOf('a.tsx', source).map(({ key }) => key)
const german = (source: string, words: Record<string, string>): string => translate('a.tsx', source, words)

describe('what a text of a page is', () => {
  it('is what stands between tags, as React shows it', () => {
    expect(keys('<p>\n  Saved just\n  now.{" "}\n</p>')).toEqual(['Saved just now.'])
    expect(keys('<><b>One</b><b>Two</b></>')).toEqual(['One', 'Two'])
    expect(keys('<p>{"In braces"}</p>')).toEqual(['In braces'])
    expect(keys('<p>· {one} – {two}</p>')).toEqual([])
  })

  it('is a whole sentence with its values, named for what they are, and its elements', () => {
    expect(
      keys('<p>Kept: {of.invoices.toLocaleString()} invoices, <b>{formatMoney(due)} due</b>.</p>'),
    ).toEqual(['Kept: {invoices} invoices, <b>{due} due</b>.'])
    expect(keys('<p>Since {Time(a.at)}, until {b.at}, since {Time(a.at)}</p>')).toEqual([
      'Since {at}, until {at2}, since {at}',
    ])
    expect(keys('<p>Tried <Time at={x} /> by <Link to="/">the job</Link></p>')).toEqual([
      'Tried {Time} by <Link>the job</Link>',
    ])
  })

  it('is not what is shown as it is, an icon beside it, or what may be absent after it', () => {
    expect(keys('<code>mpanel start</code>')).toEqual([])
    expect(keys('<p>Run <code>mpanel start</code> there</p>')).toEqual(['Run {code} there'])
    expect(keys('<b><Plus aria-hidden /> Add{busy && <Spinner />}</b>')).toEqual(['Add'])
    expect(keys('<div>Each of these:<ul><li>One</li></ul><p>And that</p></div>')).toEqual([
      'Each of these:',
      'One',
      'And that',
    ])
  })

  it('is an attribute that people read, and what the tag t marks, also within another', () => {
    expect(keys('<Field label="Name" name="name" hint="As it is written" />')).toEqual([
      'Name',
      'As it is written',
    ])
    expect(keys('const a = t`Delete ${name}`; const b = `not ${this}`')).toEqual(['Delete {name}'])
    expect(keys('<p>It is {on ? t`on` : t`off`}.</p>')).toEqual(['It is {value}.', 'on', 'off'])
    expect(keys('<p>Go <a title="Here it is">there</a></p>')).toEqual(['Go <a>there</a>', 'Here it is'])
  })
})

describe('a translation', () => {
  it('stands in the place of the text, with its values and elements in its own order', () => {
    expect(
      german('<p>Delete {name} <b>now</b></p>', {
        'Delete {name} <b>now</b>': '<b>Jetzt</b> {name} löschen',
      }),
    ).toBe('<p><b>{"Jetzt"}</b>{" "}{name}{" löschen"}</p>')
    expect(german('t`Delete ${of.name}`', { 'Delete {name}': '{name} `löschen`' })).toBe(
      '`${of.name} \\`löschen\\``',
    )
    expect(german('<i> (optional)</i>', { '(optional)': '(freiwillig)' })).toBe(
      `<i>{' '}{"(freiwillig)"}</i>`,
    )
    expect(german('<A label="Name" />', { Name: 'Der „Name“' })).toBe('<A label={"Der „Name“"} />')
  })

  it('holds for the texts within a text as well', () => {
    const words = { 'It is {value}.': 'Es ist {value}.', on: 'ein', off: 'aus' }
    expect(german('<p>It is {x ? t`on` : t`off`}.</p>', words)).toBe(
      '<p>{"Es ist "}{x ? `ein` : `aus`}{"."}</p>',
    )
    expect(
      german('<p>Go <a title="Here">there</a></p>', {
        'Go <a>there</a>': 'Gehe <a>dorthin</a>',
        Here: 'Hier',
      }),
    ).toBe('<p>{"Gehe "}<a title={"Hier"}>{"dorthin"}</a></p>')
  })

  it('that is missing leaves the English, and one that names other values is refused', () => {
    expect(german('<p>Saved</p>', {})).toBe('<p>Saved</p>')
    expect(german('<p>Saved</p>', { Saved: '' })).toBe('<p>Saved</p>')
    expect(() => german('t`Delete ${name}`', { 'Delete {name}': '{nme} löschen' })).toThrow(
      /no \{nme\} in “Delete/,
    )
  })
})
