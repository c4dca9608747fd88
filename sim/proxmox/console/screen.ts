import { hasDot } from './font.ts'

/** A text screen that is drawn letter by letter: what a virtual machine shows before anybody has logged in. */
const COLUMNS = 60
const ROWS = 25
const CELL_WIDTH = 12
export const CELL_HEIGHT = 16
export const WIDTH = COLUMNS * CELL_WIDTH
export const HEIGHT = ROWS * CELL_HEIGHT

const PAPER = [0x10, 0x18, 0x28] as const
const INK = [0xd8, 0xe8, 0xd8] as const

/** How the client wants a pixel: bytes, order, and where each colour stands. */
export type PixelFormat = {
  bytes: number
  bigEndian: boolean
  max: readonly [number, number, number]
  shift: readonly [number, number, number]
}

export type Screen = {
  /** Rows of letters that have changed since they were last drawn. */
  dirty: Set<number>
  /** @param keysym of the key that went down */
  press(keysym: number): void
  draw(row: number, format: PixelFormat): Buffer
}

const RETURN = 0xff0d
const BACKSPACE = 0xff08

export function createScreen(hostname: string): Screen {
  const prompt = `${hostname} login: `
  let lines = [`Simulated console of ${hostname}`, '', prompt]
  const dirty = new Set(Array.from({ length: ROWS }, (_, row) => row))
  const change = (next: string[]): void => {
    const shown = next.length > ROWS ? next.slice(-ROWS) : next
    for (let row = 0; row < ROWS; row += 1) if (shown[row] !== lines[row]) dirty.add(row)
    lines = shown
  }
  return {
    dirty,
    press(keysym) {
      const last = lines.at(-1) ?? ''
      if (keysym === RETURN) change([...lines, 'Login incorrect', prompt])
      else if (keysym === BACKSPACE) change([...lines.slice(0, -1), last.slice(0, -1) || last])
      else if (keysym >= 0x20 && keysym < 0x7f && last.length < COLUMNS - 1) {
        change([...lines.slice(0, -1), last + String.fromCharCode(keysym)])
      }
    },
    draw: (row, format) => drawRow(cursorAfter(lines, row), format),
  }
}

const cursorAfter = (lines: string[], row: number): string =>
  row === lines.length - 1 ? `${lines[row]}_` : (lines[row] ?? '')

function drawRow(text: string, format: PixelFormat): Buffer {
  const [ink, paper] = [pixel(INK, format), pixel(PAPER, format)]
  const bytes = Buffer.alloc(WIDTH * CELL_HEIGHT * format.bytes)
  for (let y = 0; y < CELL_HEIGHT; y += 1) {
    for (let x = 0; x < WIDTH; x += 1) {
      const [column, dotX, dotY] = [Math.floor(x / CELL_WIDTH), (x % CELL_WIDTH) >> 1, (y - 1) >> 1]
      const inside = dotX < 5 && dotY >= 0 && dotY < 7
      const lit = inside && hasDot(text[column] ?? ' ', dotX, dotY)
      ;(lit ? ink : paper).copy(bytes, (y * WIDTH + x) * format.bytes)
    }
  }
  return bytes
}

function pixel(colour: readonly [number, number, number], format: PixelFormat): Buffer {
  const value = colour.reduce(
    (sum, part, index) =>
      sum + Math.round((part / 255) * (format.max[index] ?? 0)) * 2 ** (format.shift[index] ?? 0),
    0,
  )
  const bytes = Buffer.alloc(format.bytes)
  if (format.bigEndian) bytes.writeUIntBE(value, 0, format.bytes)
  else bytes.writeUIntLE(value, 0, format.bytes)
  return bytes
}
