import { describe, expect, it } from 'vitest'
import { languageOf } from '../../src/middleware/language.ts'

const asked = (accept: string | undefined, cookies: Record<string, string> = {}) =>
  languageOf({ cookies, headers: accept === undefined ? {} : { 'accept-language': accept } })

describe('the language of the pages', () => {
  it('is the one that the browser remembers', () => {
    expect(asked('en', { mpanel_language: 'de' })).toBe('de')
    expect(asked('de', { mpanel_language: 'en' })).toBe('en')
  })

  it('is else the best of those that it asks for and there are, in any variety', () => {
    expect(asked('de-AT,de;q=0.9,en;q=0.8')).toBe('de')
    expect(asked('fr, en;q=0.5, de;q=0.7')).toBe('de')
    expect(asked('en-GB,de')).toBe('en')
  })

  it('is English for whoever asks for nothing, for no language that there is, or for none of them', () => {
    for (const accept of [undefined, '', 'fr-FR', '*', 'de;q=0', ';;q=,', 'de;q=x'])
      expect(asked(accept), accept).toBe('en')
    expect(asked(undefined, { mpanel_language: '../de' })).toBe('en')
  })
})
