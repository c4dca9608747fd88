import { useJobWords } from '../lib/useJobWords.ts'

/** What the server has said of a job, in the language of the page. */
export function JobText({ text }: { text: string | null }) {
  const say = useJobWords()
  return text === null ? '—' : say(text)
}
