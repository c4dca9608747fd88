import type { FindingKind } from '../../../shared/states/finding.ts'

/** Findings as people speak of them. */
export const FINDING_WORDS: Record<FindingKind, string> = {
  moved: 'On another node',
  stopped: 'Stopped from outside',
  suspended_running: 'Runs although suspended',
  resized: 'Another size',
  network: 'Another network card or address',
  renamed: 'Another name or tag',
  unmarked: 'Lost its mark',
  gone: 'The guest is gone',
  orphan: 'A guest that no pod owns',
  foreign: 'A stranger in our VMIDs',
  address_leaked: 'Left over in NetBox',
  address_lost: 'Gone from NetBox',
  address_changed: 'Changed in NetBox',
  address_contested: 'Somebody else has it in NetBox',
}
