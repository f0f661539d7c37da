"""What a worker process gives up before it reads a query: the network, core dumps, and memory beyond its share."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from functools import cache
from pathlib import Path
from typing import Final

_PAGE: Final = resource.getpagesize()
_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_DENY: Final = 0x00050000 | 13  # EACCES

# Per machine: its audit number, and the system calls that lead to a network: socket, socketpair aside, io_uring_setup.
_CALLS: Final = {"x86_64": (0xC000003E, (41, 425)), "aarch64": (0xC00000B7, (198, 425))}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def close_network() -> bool:
    """Make every attempt to open a socket fail, for this process and for good; False where that is not possible.

    The guard is the first lock on federated queries and this is the second, should the engine's parser read
    something as SERVICE that the guard reads otherwise. It needs Linux.
    """
    known = _CALLS.get(platform.machine())
    if platform.system() != "Linux" or known is None:
        return False
    program = ctypes.create_string_buffer(_socket_filter(*known))
    header = _Program(len(program.raw) // 8, ctypes.addressof(program))
    libc = ctypes.CDLL(None)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return int(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(header), 0, 0)) == 0


def _socket_filter(machine: int, calls: tuple[int, ...]) -> bytes:
    """Return a BPF program: on another machine's calling convention or on one of the calls, deny."""
    load, equal, leave = 0x20, 0x15, 0x06
    steps = [(load, 0, 0, 4), (equal, 0, len(calls) + 2, machine), (load, 0, 0, 0)]
    steps += [(equal, len(calls) - number, 0, call) for number, call in enumerate(calls)]
    steps += [(leave, 0, 0, _ALLOW), (leave, 0, 0, _DENY)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def lower_priority() -> None:
    """Write no core dumps, run behind the service's own work, and be what the kernel kills first."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")


@cache
def _statm() -> int | None:
    """Return the open file that tells a process's pages: opening it anew would cost more than reading it."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def address_space() -> int | None:
    """Return the bytes of address space in use, or None where the system doesn't say."""
    file = _statm()
    return None if file is None else int(os.pread(file, 32, 0).split()[0]) * _PAGE


@cache
def _hard() -> int:
    """Return the address space that this process may have at most, whatever it caps itself to."""
    return resource.getrlimit(resource.RLIMIT_AS)[1]


def cap_memory(more: int | None) -> int:
    """Let this process take so many more bytes of address space than it has now, which are returned; None: any."""
    hard = _hard()
    used = None if more is None else address_space()
    if more is None or used is None:
        limit = hard
    else:
        limit = used + more if hard == resource.RLIM_INFINITY else min(hard, used + more)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return used or 0
