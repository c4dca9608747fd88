import { wrongUse } from './failures.ts'
import { KINDS } from './things.ts'

const SHELLS = ['bash', 'zsh', 'fish']
export const POWER_ACTIONS = ['start', 'stop', 'shutdown', 'reboot'] as const
const LOCAL = [
  'start',
  'serve',
  'worker',
  'migrate',
  'doctor',
  'support-bundle',
  'secrets',
  'admin',
  'audit',
  'zone',
  'version',
]

/** The words after each command, as far as they are always the same. */
const WORDS: Record<string, readonly string[]> = {
  login: ['--url', '--email'],
  logout: [],
  whoami: [],
  list: Object.keys(KINDS),
  show: Object.keys(KINDS).map((kind) => kind.replace(/s$/, '')),
  order: [
    '--customer',
    '--plan',
    '--blueprint',
    '--hostname',
    '--interval',
    '--currency',
    '--coupon',
    '--addon',
    '--region',
    '--ssh-keys',
    '--yes',
    '--wait',
  ],
  power: POWER_ACTIONS,
  jobs: ['watch'],
  completion: SHELLS,
  admin: ['create-user', 'create-api-key', 'remove-totp', 'stop-automation'],
  audit: ['verify'],
  secrets: ['rotate', 'lost'],
  zone: ['check'],
}
const OPERATORS = Object.keys(WORDS).filter((command) => !LOCAL.includes(command))
export const isOperators = (command: string | undefined): boolean =>
  command !== undefined && OPERATORS.includes(command)

const commands = [...OPERATORS, ...LOCAL, 'help'].join(' ')

/** What a shell reads to complete the commands. @throws CommandFailed for a shell that it is not made for */
export function completion(shell: string | undefined): string {
  switch (shell) {
    case 'bash':
      return bash()
    case 'zsh':
      return `#compdef mpanel\nautoload -U +X bashcompinit && bashcompinit\n${bash()}`
    case 'fish':
      return fish()
    case undefined:
    default:
      throw wrongUse(`Say which shell: ${SHELLS.join(', ')}`)
  }
}

const bash = (): string => `_mpanel() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands}"
  else
    case "\${COMP_WORDS[1]}" in
${Object.entries(WORDS)
  .map(([command, words]) => `      ${command}) words="${[...words, '--json'].join(' ')}" ;;`)
  .join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _mpanel mpanel`

const fish = (): string =>
  [
    'complete -c mpanel -f',
    `complete -c mpanel -n __fish_use_subcommand -a "${commands}"`,
    ...Object.entries(WORDS).map(
      ([command, words]) =>
        `complete -c mpanel -n "__fish_seen_subcommand_from ${command}" -a "${[...words, '--json'].join(' ')}"`,
    ),
  ].join('\n')
