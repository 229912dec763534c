"""Another process at the end of a ptrace(): stopped where it stands, made to do
a system call of our choice under its own filter, or looked at as it dies. By the
C library alone; x86_64. For tests; it needs to be root or the process's parent.
"""
import ctypes
import errno
import os
import signal
import struct

GETREGS, SETREGS, SINGLESTEP, DETACH = 12, 13, 9, 17
SEIZE, INTERRUPT = 0x4206, 0x4207
TRACE_EXIT, EVENT_EXIT, WALL = 0x40, 6, 0x40000000
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs"
         " eflags rsp ss fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Died(Exception):
    """By this signal."""


def ptrace(request, pid, address=0, data=0):
    if libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def seize(pid):
    ptrace(SEIZE, pid, 0, TRACE_EXIT)


def detach(pid):
    ptrace(DETACH, pid)


def wait_exit(pid):
    """Return when it is about to end, its memory whole; False if it is gone."""
    while True:
        try:
            _, status = os.waitpid(pid, WALL)
        except ChildProcessError:
            return False
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return False
        if status >> 8 == signal.SIGTRAP | EVENT_EXIT << 8:
            return True
        ptrace(7, pid, 0, status >> 8 & 0x7F)


class Captive:
    """with Captive(pid) as captive: captive.call(number, argument...)"""

    def __init__(self, pid):
        self.pid = pid
        self.alive = True

    def __enter__(self):
        ptrace(SEIZE, self.pid)
        ptrace(INTERRUPT, self.pid)
        os.waitpid(self.pid, WALL)
        self.saved = self.registers()
        # Where it waits, it stands behind a system call.
        self.gate = self.saved["rip"] - 2
        if self.memory(self.gate, 2) != b"\x0f\x05":
            detach(self.pid)
            raise RuntimeError("it does not wait in a system call")
        return self

    def __exit__(self, *_):
        if self.alive:
            self.set_registers(self.saved)
            detach(self.pid)

    def registers(self):
        room = ctypes.create_string_buffer(8 * len(NAMES))
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(room))
        return dict(zip(NAMES, struct.unpack(f"<{len(NAMES)}Q", room.raw)))

    def set_registers(self, registers):
        room = ctypes.create_string_buffer(
            struct.pack(f"<{len(NAMES)}Q", *(registers[name] for name in NAMES)))
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(room))

    def memory(self, address, size):
        with open(f"/proc/{self.pid}/mem", "rb", 0) as memory:
            memory.seek(address)
            return memory.read(size)

    def put(self, data, slot=0):
        """Bytes below its stack; answers where."""
        address = (self.saved["rsp"] - 8192 - 1024 * slot) & ~63
        with open(f"/proc/{self.pid}/mem", "r+b", 0) as memory:
            memory.seek(address)
            memory.write(data)
        return address

    def call(self, number, *arguments):
        """What the system call answers: 0 or more, or -errno. Raises Died."""
        registers = dict(self.saved, rax=number, rip=self.gate, orig_rax=2**64 - 1)
        for slot, value in enumerate(arguments):
            if isinstance(value, (bytes, str)):
                value = value.encode() + b"\0" if isinstance(value, str) else value
                value = self.put(value, slot)
            registers[ARGUMENTS[slot]] = value & 2**64 - 1
        self.set_registers(registers)
        ptrace(SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, WALL)
        if os.WIFSIGNALED(status):
            self.alive = False
            raise Died(os.WTERMSIG(status))
        if os.WIFEXITED(status):
            self.alive = False
            raise Died(0)
        value = self.registers()["rax"]
        return value - 2**64 if value >= 2**63 else value


def name_of(result):
    return "done" if result >= 0 else errno.errorcode.get(-result, str(result))
