import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export type Asker = {
  /** What somebody types, or the next line of what is piped in. */
  ask: (question: string, how?: { hidden: boolean }) => Promise<string>
  close: () => void
}

/** Questions go to the error output, so that the answer of a command can be piped on. */
export function asker(): Asker {
  let isHidden = false
  const echo = new Writable({
    write: (chunk, _encoding, done) => {
      if (!isHidden) process.stderr.write(chunk as Buffer)
      done()
    },
  })
  const lines = createInterface({
    input: process.stdin,
    output: echo,
    terminal: process.stdin.isTTY,
  })
  const next = lines[Symbol.asyncIterator]()
  return {
    ask: async (question, { hidden } = { hidden: false }) => {
      process.stderr.write(question)
      isHidden = hidden
      const { value, done } = await next.next()
      isHidden = false
      if (hidden || !process.stdin.isTTY) process.stderr.write('\n')
      return done === true ? '' : value.trim()
    },
    close: () => lines.close(),
  }
}
