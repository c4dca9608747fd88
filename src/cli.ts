import { StartupError } from './errors.ts'
import { isOperators } from './operator/completion.ts'

const args = process.argv.slice(2)

try {
  // Each half is loaded only when it is asked for: an operator does not wait for the server's code.
  if (isOperators(args[0])) {
    const { runOperator } = await import('./operator/index.ts')
    process.exitCode = await runOperator(args)
  } else {
    const [{ readConfig }, { runCommand }] = await Promise.all([
      import('./config.ts'),
      import('./commands.ts'),
    ])
    await runCommand(args, readConfig)
  }
} catch (error) {
  // What an operator can mend is one sentence; anything else is our fault and shows where.
  console.error(error instanceof StartupError ? `mpanel: ${error.message}` : error)
  process.exitCode ??= 1
  process.exit()
}
