import type { JobDetail, MPanel } from '../../packages/client/src/index.ts'
import { CommandFailed, EXIT } from './failures.ts'
import { print, type Printer } from './output.ts'

const WIDTH = 24

/** Shows how far a job is until it has ended. @throws CommandFailed unless it has succeeded */
export async function watch(mpanel: MPanel, id: string, out: Printer): Promise<void> {
  const shown = { line: '' }
  const job = await mpanel.jobs.wait(id, { onProgress: (now) => show(now, shown) })
  if (process.stderr.isTTY && shown.line !== '') process.stderr.write('\n')
  out(job, () => print(`${job.subject.label}: ${job.state}`))
  if (job.state === 'succeeded') return
  const why = job.error === null ? '' : `: ${job.error.message} (${job.error.code})`
  const advice = job.state === 'stuck' ? ` A person has to decide: mpanel show job ${job.id}.` : ''
  throw new CommandFailed(
    EXIT.jobFailed,
    `The job ${job.state === 'stuck' ? 'is' : 'has'} ${job.state}${why}.${advice}`,
  )
}

/** A bar that grows in its place for a person, and a line for each change in a log. */
function show(job: JobDetail, shown: { line: string }): void {
  const doing = job.doing ?? job.waitingFor ?? job.state
  const line = job.progress === null ? doing : `${bar(job.progress)} ${job.progress} % ${doing}`
  if (line === shown.line) return
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
  shown.line = line
}

function bar(percent: number): string {
  const full = Math.round((percent / 100) * WIDTH)
  return `[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]`
}
