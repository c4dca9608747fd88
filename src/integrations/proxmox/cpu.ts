import { asRow, asText } from './read.ts'
import type { NodeCpu } from './types.ts'

/** By level, what it adds to the one before (x86-64 psABI, table 3.1), in the words of Linux. */
const ADDED: [level: NodeCpu['level'], flags: string][] = [
  ['x86-64-v1', 'cmov cx8 fpu fxsr lm mmx sse sse2'],
  ['x86-64-v2', 'cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3'],
  ['x86-64-v3', 'abm avx avx2 bmi1 bmi2 f16c fma movbe xsave'],
  ['x86-64-v4', 'avx512bw avx512cd avx512dq avx512f avx512vl'],
]

/** The highest level whose flags are all there, with those of the levels before. */
function levelOf(flags: ReadonlySet<string>): NodeCpu['level'] {
  let reached: NodeCpu['level'] = null
  for (const [level, added] of ADDED) {
    if (!added.split(' ').every((flag) => flags.has(flag))) break
    reached = level
  }
  return reached
}

/** Of the answer of `/nodes/{node}/status`. */
export function readCpu(data: unknown): NodeCpu {
  const { model, flags } = asRow(asRow(data).cpuinfo)
  return { model: asText(model), level: levelOf(new Set(asText(flags ?? '').split(' '))) }
}
