"""
A file system in memory that forgets, when the power goes, what was not synced.

Of each file it keeps what was last fsynced, of each folder the names that were when it was last
fsynced; `Forgetful.after_cut` is what is left. More forgetful than any disk: what real ones
would have written by themselves is lost here, whole. Names that were not synced are lost or
kept, as asked, for a disk may do either.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, Final

import attrs
import pyfuse3
import trio

__all__ = ["Forgetful", "Node"]

_ROOT: Final = pyfuse3.ROOT_INODE


@attrs.define(eq=False)
class Node:
    """A file (``names`` is None) or a folder."""

    mode: int
    content: bytearray = attrs.field(factory=bytearray)
    synced: bytes = b""
    names: dict[bytes, Node] | None = None
    synced_names: dict[bytes, Node] = attrs.field(factory=dict)

    @classmethod
    def folder(cls, mode: int = 0o700) -> Node:
        return cls(stat.S_IFDIR | mode, names={})

    def after_cut(self, *, keep_names: bool, done: dict[Node, Node] | None = None) -> Node:
        """Return what the disk has of it."""
        done = {} if done is None else done
        if self in done:
            return done[self]
        left = done[self] = Node(self.mode, bytearray(self.synced), self.synced)
        if self.names is not None:
            names = self.names if keep_names else self.synced_names
            left.names = {
                name: node.after_cut(keep_names=keep_names, done=done)
                for name, node in names.items()
            }
            left.synced_names = dict(left.names)
        return left


class Forgetful(pyfuse3.Operations):  # type: ignore[misc]  # it has no types
    """
    Args:
        root: What is there at first.
        cut_after: How many calls that change or sync something are served before the power
            goes; None for all of them.
    """

    enable_writeback_cache = False

    def __init__(self, root: Node, cut_after: int | None = None) -> None:
        super().__init__()
        self.root = root
        self.calls = 0
        self.cut = trio.Event()
        self._cut_after = cut_after
        self._nodes: dict[int, Node] = {_ROOT: root}
        self._numbers: dict[Node, int] = {root: _ROOT}
        self._next = _ROOT + 1
        self._left: dict[bool, Node] | None = None

    def after_cut(self, *, keep_names: bool) -> Node:
        """Return what was left at the moment the power went, or of this moment."""
        if self._left is not None:
            return self._left[keep_names]
        return self.root.after_cut(keep_names=keep_names)

    def _changing(self) -> None:
        if self._left is not None:
            raise pyfuse3.FUSEError(errno.EIO)
        self.calls += 1
        if self._cut_after is not None and self.calls > self._cut_after:
            self._left = {keep: self.root.after_cut(keep_names=keep) for keep in (False, True)}
            self.cut.set()
            raise pyfuse3.FUSEError(errno.EIO)

    def _node(self, inode: int) -> Node:
        return self._nodes[inode]

    def _child(self, parent: int, name: bytes) -> Node:
        names = self._node(parent).names
        if names is None or name not in names:
            raise pyfuse3.FUSEError(errno.ENOENT)
        return names[name]

    def _number(self, node: Node) -> int:
        if node not in self._numbers:
            self._numbers[node] = self._next
            self._nodes[self._next] = node
            self._next += 1
        return self._numbers[node]

    def _entry(self, node: Node) -> Any:
        entry = pyfuse3.EntryAttributes()
        entry.st_ino = self._number(node)
        entry.st_mode = node.mode
        entry.st_nlink = 1
        entry.st_uid, entry.st_gid = os.getuid(), os.getgid()
        entry.st_size = len(node.content)
        entry.st_blksize = 4096
        entry.st_blocks = (len(node.content) + 511) // 512
        # Nothing is remembered of what it says: names and sizes change under the kernel.
        entry.entry_timeout = entry.attr_timeout = 0
        return entry

    async def lookup(self, parent_inode: int, name: bytes, ctx: Any = None) -> Any:
        return self._entry(self._child(parent_inode, name))

    async def getattr(self, inode: int, ctx: Any = None) -> Any:
        return self._entry(self._node(inode))

    async def setattr(self, inode: int, attr: Any, fields: Any, fh: Any, ctx: Any) -> Any:
        self._changing()
        node = self._node(inode)
        if fields.update_size:
            size = attr.st_size
            del node.content[size:]
            node.content.extend(bytes(size - len(node.content)))
        if fields.update_mode:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(attr.st_mode)
        return self._entry(node)

    async def mkdir(self, parent_inode: int, name: bytes, mode: int, ctx: Any) -> Any:
        self._changing()
        node = Node.folder(mode & ~ctx.umask)
        self._put(parent_inode, name, node)
        return self._entry(node)

    async def create(
        self, parent_inode: int, name: bytes, mode: int, flags: int, ctx: Any
    ) -> Any:
        self._changing()
        node = Node(stat.S_IFREG | (mode & ~ctx.umask))
        self._put(parent_inode, name, node)
        number = self._number(node)
        return pyfuse3.FileInfo(fh=number), self._entry(node)

    def _put(self, parent: int, name: bytes, node: Node) -> None:
        names = self._node(parent).names
        assert names is not None
        names[name] = node

    async def open(self, inode: int, flags: int, ctx: Any) -> Any:
        if flags & os.O_TRUNC:
            self._changing()
            self._node(inode).content.clear()
        return pyfuse3.FileInfo(fh=inode)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        return bytes(self._node(fh).content[off : off + size])

    async def write(self, fh: int, off: int, buf: bytes) -> int:
        self._changing()
        content = self._node(fh).content
        content.extend(bytes(max(0, off - len(content))))
        content[off : off + len(buf)] = buf
        return len(buf)

    async def fsync(self, fh: int, datasync: bool) -> None:
        self._changing()
        node = self._node(fh)
        node.synced = bytes(node.content)

    async def fsyncdir(self, fh: int, datasync: bool) -> None:
        self._changing()
        node = self._node(fh)
        node.synced_names = dict(node.names or {})

    async def opendir(self, inode: int, ctx: Any) -> int:
        return inode

    async def readdir(self, fh: int, start_id: int, token: Any) -> None:
        names = list((self._node(fh).names or {}).items())
        for at, (name, node) in enumerate(names[start_id:], start_id + 1):
            if not pyfuse3.readdir_reply(token, name, self._entry(node), at):
                break

    async def rename(
        self,
        parent_inode_old: int,
        name_old: bytes,
        parent_inode_new: int,
        name_new: bytes,
        flags: int,
        ctx: Any,
    ) -> None:
        self._changing()
        node = self._child(parent_inode_old, name_old)
        old = self._node(parent_inode_old).names
        assert old is not None
        del old[name_old]
        self._put(parent_inode_new, name_new, node)

    async def link(self, inode: int, new_parent_inode: int, new_name: bytes, ctx: Any) -> Any:
        self._changing()
        self._put(new_parent_inode, new_name, self._node(inode))
        return self._entry(self._node(inode))

    async def unlink(self, parent_inode: int, name: bytes, ctx: Any) -> None:
        self._changing()
        self._child(parent_inode, name)
        names = self._node(parent_inode).names
        assert names is not None
        del names[name]

    async def rmdir(self, parent_inode: int, name: bytes, ctx: Any) -> None:
        if self._child(parent_inode, name).names:
            raise pyfuse3.FUSEError(errno.ENOTEMPTY)
        await self.unlink(parent_inode, name, ctx)

    async def statfs(self, ctx: Any) -> Any:
        data = pyfuse3.StatvfsData()
        data.f_bsize = data.f_frsize = 4096
        data.f_blocks = data.f_bfree = data.f_bavail = 2**20
        data.f_files = data.f_ffree = data.f_favail = 2**20
        data.f_namemax = 255
        return data

    async def access(self, inode: int, mode: int, ctx: Any) -> bool:
        return True

    async def flush(self, fh: int) -> None: ...

    async def release(self, fh: int) -> None: ...

    async def releasedir(self, fh: int) -> None: ...

    async def forget(self, inode_list: Any) -> None: ...
