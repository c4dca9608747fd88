"""Drives a Proxmox VE, real or simulated, through the life of one virtual machine with proxmoxer."""
import json
import sys
import time

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

options = json.loads(sys.argv[1])
seen = []


def connect():
    common = {"port": options["port"], "verify_ssl": options["ca"], "timeout": 20}
    if "password" in options:
        return ProxmoxAPI(options["host"], user=options["user"], password=options["password"], **common)
    token = {"token_name": options["token"], "token_value": options["secret"]}
    return ProxmoxAPI(options["host"], user=options["user"], **token, **common)


def finish(node, upid):
    while True:
        status = node.tasks(upid).status.get()
        if status["status"] == "stopped":
            seen.append([status["type"], status["exitstatus"]])
            return
        time.sleep(0.02)


api = connect()
seen.append(["version", api.version.get()["version"]])
seen.append(["nodes", sorted(row["node"] for row in api.nodes.get())])
vmid = int(api.cluster.nextid.get())
node = api.nodes("pve1")
finish(node, node.qemu(9000).clone.post(newid=vmid, name="by-proxmoxer", full=1, storage="local-lvm"))
vm = node.qemu(vmid)
vm.config.put(cores=2, memory=2048, ipconfig0="ip=10.0.0.9/24,gw=10.0.0.1", description="a=b; c & d")
finish(node, vm.config.post(tags="two;one"))
config = vm.config.get()
seen.append(["config", [config[key] for key in ("cores", "memory", "ipconfig0", "description", "tags")]])
finish(node, vm.resize.put(disk="scsi0", size="12G"))
finish(node, vm.status.start.post())
seen.append(["power", vm.status.current.get()["status"]])
try:
    vm.delete()
except ResourceException as error:
    seen.append(["refused", [error.status_code, error.content]])
finish(node, vm.status.stop.post())
finish(node, vm.delete(purge=1))
try:
    vm.config.get()
except ResourceException as error:
    seen.append(["gone", error.status_code])
print(json.dumps(seen))
