import { readConfig } from './config.ts'
import { runCommand } from './commands.ts'
import { StartupError } from './errors.ts'

try {
  await runCommand(process.argv.slice(2), readConfig)
} catch (error) {
  // What an operator can mend is one sentence; anything else is our fault and shows where.
  console.error(error instanceof StartupError ? `mpanel: ${error.message}` : error)
  process.exitCode ??= 1
  process.exit()
}
