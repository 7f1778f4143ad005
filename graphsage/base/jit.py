"""numba as this project uses it: serial kernels that release the GIL, cached on disk where that is possible.

Never ``parallel=True``: numba's threading layers fight torch's OpenMP and die after a fork. Threads are ours (see
``graphsage.base.threads``); a kernel gets arrays and returns arrays, and checks nothing.

numba's disk cache looks at the file of the *calling* kernel only, and would go on with the old code of a helper that stands in
another file: here a kernel's cache is stamped with the files of all its helpers as well.
"""

import ctypes
import gc
import sys
from hashlib import sha256
from pathlib import Path

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, event
from numba.core.cpu import CPUTargetOptions
from numba.extending import intrinsic, overload, register_jitable

JIT_DISABLED = bool(numba.config.DISABLE_JIT)


#: numba's option that leaves out the counting of references, where it has that.
UNCOUNTED = {"_nrt": False} if hasattr(CPUTargetOptions, "_nrt") else {}


def kernel(function):
    """Compile ``function`` at its first call; with the JIT disabled it runs as Python with silent integer wrap-around."""
    return _compiled(function, {})


def lean_kernel(function):
    """A ``kernel`` that neither makes arrays nor returns one, compiled without numba's counting of references to arrays.

    Each count is an atomic addition, at each helper that an array passes through: 5 to 20 % of a batch, and a third of the
    time that compiling takes.
    """
    return _compiled(function, UNCOUNTED)


def _compiled(function, options):
    if JIT_DISABLED:
        return np.errstate(over="ignore")(function)
    try:
        compiled = numba.njit(nogil=True, cache=True, **options)(function)
        _stamp(compiled)
        return compiled
    except (RuntimeError, AttributeError, OSError):
        # no folder that could be written to, or a numba that caches otherwise: compile in every process
        return numba.njit(nogil=True, **options)(function)


def _stamp(compiled):
    """Make a cached kernel depend on the files of its helpers too: numba knows the kernel's own file only."""
    index = compiled._cache._cache_file
    files = sorted({__file__, *_helper_files(compiled.py_func)})
    index._source_stamp = (index._source_stamp, [sha256(Path(file).read_bytes()).digest() for file in files])


def _helper_files(function):
    """The files of the package's functions that ``function`` names, and of those that they name."""
    for name in function.__code__.co_names:
        helper = function.__globals__.get(name)
        helper = getattr(helper, "py_func", helper)
        if getattr(helper, "__module__", None) and hasattr(helper, "__code__") and helper.__module__.startswith("graphsage."):
            yield helper.__code__.co_filename
            for part in getattr(helper, "choices", ()):
                yield part.__code__.co_filename
                yield from _helper_files(part)
            if helper is not function:
                yield from _helper_files(helper)


def inline(function):
    """A helper for kernels, compiled into its callers; called from Python it stays Python (and works on whole arrays).

    Inlined by force: left to itself LLVM calls the larger ones through pointers, which made sampling up to 1.4 times as long.
    """
    return register_jitable(forceinline=True)(function)


def inline_by_length(functions):
    """A helper for kernels that is another ``inline`` function for each length of its first argument, a tuple.

    functions: {length: function}.
    """
    return _inline_by(functions, len, len)


def inline_by_type(functions):
    """A helper for kernels that is another ``inline`` function for each type of its first argument, a number.

    functions: {name of the dtype: function}.
    """
    return _inline_by(functions, lambda number: number.dtype.name, lambda kind: kind.name)


def _inline_by(functions, key_of, key_of_type):
    """Chosen at compilation: a kernel has one of them in it, and pays for no other."""

    def chosen(first, *rest):
        return functions[key_of(first)](first, *rest)

    overload(chosen, jit_options={"forceinline": True}, strict=False)(lambda first, *rest: functions[key_of_type(first)])
    chosen.choices = tuple(functions.values())
    return chosen


def is_interrupt(error):
    """Is this Ctrl-C? During a kernel it comes as a SystemError, perhaps of another one, that was caused by it."""
    while isinstance(error, SystemError) and error.__cause__:
        error = error.__cause__
    return isinstance(error, KeyboardInterrupt)


class _CompileNotice(event.Listener):
    """Says once a process that kernels are being compiled: the first run would look hung otherwise."""

    said = False
    has_left_frames = False

    def on_start(self, compile_event):
        ours = (compile_event.data["dispatcher"].py_func.__module__ or "").startswith("graphsage.")
        if ours and not _CompileNotice.said:
            _CompileNotice.said = True
            print("graphsage: compiling kernels, once (some seconds)", file=sys.stderr, flush=True)

    def on_end(self, compile_event):
        _CompileNotice.has_left_frames = True


def drop_frames_of_compiling():
    """Let go of what numba leaves when it compiles: the frames of all callers, in a cycle, and with them their arrays."""
    if _CompileNotice.has_left_frames:
        _CompileNotice.has_left_frames = False
        gc.collect()


event.register("numba:compile", _CompileNotice())


@intrinsic
def _prefetch(typing_context, array, index):
    signature = numba.types.void(array, index)

    def generate(context, builder, signature, arguments):
        array_type = signature.args[0]
        view = context.make_array(array_type)(context, builder, arguments[0])
        address = cgutils.get_item_pointer(context, builder, array_type, view, [arguments[1]], wraparound=False)
        byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        read, keep_in_all_caches, data = word(0), word(3), word(1)
        builder.call(call, [builder.bitcast(address, byte_pointer), read, keep_in_all_caches, data])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def _opaque(typing_context, value):
    def generate(context, builder, signature, arguments):
        kind = arguments[0].type
        return builder.asm(ir.FunctionType(kind, [kind]), "", "=r,0", arguments, side_effect=False)

    return value(value), generate


if JIT_DISABLED:

    def prefetch(array, index):
        """Nothing: without the JIT there is no processor hint to give."""

    def opaque(value):
        """``value``: without the JIT there is no compiler to hide it from."""
        return value

else:
    #: ``prefetch(array, index)``: ask the processor for ``array[index]`` ahead of its use; changes nothing.
    prefetch = _prefetch
    #: ``opaque(value)``: an integer that the compiler knows nothing of. What is chosen by arithmetic on it stays arithmetic;
    #: else LLVM sees a choice and makes it a branch, which costs more than all else where nobody can foretell it.
    opaque = _opaque

#: ``array[nth(i)]``: an index that is never negative. Of a signed one numba asks each time whether it counts from the end.
nth = np.uint64

if JIT_DISABLED:

    def madvise(address, length, advice):
        """The system's call, without the JIT."""
        call = ctypes.CDLL(None).madvise
        return call(ctypes.c_void_p(int(address)), ctypes.c_size_t(int(length)), int(advice))

else:
    #: ``madvise(address, length, advice)`` of the C library, for kernels; where there is none, no kernel may name it.
    madvise = numba.types.ExternalFunction("madvise", numba.types.int32(*[numba.types.uint64] * 2, numba.types.int32))
