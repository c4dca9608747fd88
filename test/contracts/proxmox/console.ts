import { setTimeout as sleep } from 'node:timers/promises'
import { connectRfb, shows } from '../../support/rfbClient.ts'
import { expectEqual, expectOk, expectRejected, expectThat } from './expect.ts'
import { sharedCt } from './container.ts'
import { ensurePower, sharedVm } from './world.ts'
import type { Check } from './world.ts'

export const consoleChecks: Check[] = [
  {
    name: 'the screen of a running VM is a VNC session that asks for no password, and shows something',
    async run(world) {
      const guest = await sharedVm(world)
      await ensurePower(world, guest, 'running')
      const opened = expectOk('openConsole', await world.proxmox.openConsole(guest))
      expectEqual('kind', opened.kind, 'vnc')
      const screen = await connectRfb(opened.stream)
      expectThat('size', screen.width > 0 && screen.height > 0, 'a size', [screen.width, screen.height])
      expectThat('picture', (await screen.look(true)).length > 0, 'a picture', 'nothing')
      opened.stream.destroy()
    },
  },
  {
    name: 'a second console of the same VM is one of its own',
    async run(world) {
      const guest = await sharedVm(world)
      await ensurePower(world, guest, 'running')
      const [first, second] = [
        expectOk('first', await world.proxmox.openConsole(guest)),
        expectOk('second', await world.proxmox.openConsole(guest)),
      ]
      await connectRfb(first.stream)
      first.stream.destroy()
      await connectRfb(second.stream)
      second.stream.destroy()
    },
  },
  {
    name: 'a VM that is off has no screen, and one that does not exist is missing or forbidden',
    async run(world) {
      const guest = await sharedVm(world)
      await ensurePower(world, guest, 'stopped')
      expectRejected('off', await world.proxmox.openConsole(guest), ['conflict'])
      const absent = { ...guest, vmid: 999_999_998 }
      expectRejected('absent', await world.proxmox.openConsole(absent), ['missing', 'forbidden'])
    },
  },
  {
    name: 'the terminal of a container shows what is typed, and takes a size',
    needs: 'container',
    async run(world) {
      const guest = await sharedCt(world)
      await ensurePower(world, guest, 'running')
      const opened = expectOk('openConsole', await world.proxmox.openConsole(guest))
      expectEqual('kind', opened.kind, 'terminal')
      opened.resize(100, 30)
      // A genuine one may not have come to its prompt yet; whatever is typed is shown all the same.
      await sleep(200)
      const seen = shows(opened.stream, /anybody/)
      opened.stream.write('anybody')
      await seen
      opened.stream.destroy()
    },
  },
]
