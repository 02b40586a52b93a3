"""Matrix products for Numba, with elements of 32 bits that hold one or two numbers.

int32: a pair of int16, multiplied and summed as int32. uint32: a pair of bfloat16, summed as float32. float32: one
number. On a processor with AVX-512 VNNI and BF16, two numbers cost as much as one.

The inner loop is written with LLVM vectors, which work on any processor, because Numba alone does not keep a tile of
sums in registers. Only the dot product of bfloat16 uses an Intel instruction by name; other processors take a longer
form.
"""

from collections.abc import Callable
from itertools import product as pairs_of
from typing import Any

from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["GROUP", "product"]

GROUP = 16  # the height and width of a result are multiples of this
FEATURES = binding.get_host_cpu_features()
LANES = 16 if FEATURES.get("avx512f") else 8


class _BFloat(ir.Type):  # type: ignore[misc]
    """LLVM's bfloat16 type, which llvmlite lacks."""

    def _to_string(self) -> str:
        return "bfloat"


INDEX, BITS, FLOAT, _BFLOAT = ir.IntType(64), ir.IntType(32), ir.FloatType(), _BFloat()


def _tile(height: int, width: int) -> Any:
    """A function for `height` rows and `width` vectors of a result; the sums stay in registers along K."""

    @intrinsic
    def tile(_, start, a, b, out, m, n):
        multiply, kind = MULTIPLY_ADD[a.dtype], ir.VectorType(BITS if out.dtype == types.int32 else FLOAT, LANES)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            start, a, b, out = (
                context.make_array(each)(context, builder, value)
                for each, value in zip(signature.args[:4], arguments, strict=False)
            )
            rows = [builder.add(arguments[4], INDEX(row)) for row in range(height)]
            columns = [builder.add(arguments[5], INDEX(LANES * vector)) for vector in range(width)]
            first = [_load(builder, kind, start, column) for column in columns] * height
            before, loop, done = builder.block, *map(builder.append_basic_block, ("loop", "done"))
            builder.branch(loop)
            builder.position_at_end(loop)
            k, *sums = (builder.phi(each) for each in (INDEX, *[kind] * len(first)))
            ours = [_spread(builder, _load(builder, BITS, a, row, k)) for row in rows]
            theirs = [_load(builder, ir.VectorType(BITS, LANES), b, k, column) for column in columns]
            added = [multiply(builder, total, *each) for total, each in zip(sums, pairs_of(ours, theirs), strict=True)]
            following = builder.add(k, INDEX(1))
            for phi, at_first, then in zip((k, *sums), (INDEX(0), *first), (following, *added), strict=True):
                phi.add_incoming(at_first, before)
                phi.add_incoming(then, loop)
            builder.cbranch(builder.icmp_signed("<", following, builder.extract_value(b.shape, 0)), loop, done)
            builder.position_at_end(done)
            for total, place in zip(added, pairs_of(rows, columns), strict=True):
                builder.store(total, _address(builder, kind, out, *place), align=4)
            return context.get_dummy_value()

        return types.void(start, a, b, out, m, n), generate

    return tile


# Enough sums to hide the multiplier's latency, few enough for AVX2's registers.
_WIDE, _NARROW = _tile(4, 3), _tile(8, 1)


@njit(nogil=True, error_model="numpy")
def product(start, a, b, out):
    """Compute out (M, N) = start (N,) + a (M, K) @ b (K, N); `a` may be a transposed view."""
    M, N = out.shape
    wide = N % (3 * LANES) == 0
    for n in range(0, N, 3 * LANES if wide else LANES):
        for m in range(0, M, 4 if wide else 8):
            if wide:
                _WIDE(start, a, b, out, m, n)
            else:
                _NARROW(start, a, b, out, m, n)


def _address(builder: ir.IRBuilder, kind: ir.Type, array: Any, *indices: ir.Value) -> ir.Value:
    """The address of an array's element, as a pointer to `kind`."""
    address = builder.ptrtoint(array.data, INDEX)
    for axis, index in enumerate(indices):
        address = builder.add(address, builder.mul(index, builder.extract_value(array.strides, axis)))
    return builder.inttoptr(address, kind.as_pointer())


def _load(builder: ir.IRBuilder, kind: ir.Type, array: Any, *indices: ir.Value) -> ir.Value:
    return builder.load(_address(builder, kind, array, *indices), align=4)


def _spread(builder: ir.IRBuilder, word: ir.Value) -> ir.Value:
    """Copy a word to all lanes."""
    nothing = ir.Constant(ir.VectorType(BITS, LANES), ir.Undefined)
    first = builder.insert_element(nothing, word, BITS(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(nothing.type, [0] * LANES))


def _integers(builder: ir.IRBuilder, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    """The form that LLVM recognises as one instruction, or as two."""
    halves, wide = (ir.VectorType(ir.IntType(bits), 2 * LANES) for bits in (16, 32))
    products = builder.mul(*(builder.sext(builder.bitcast(each, halves), wide) for each in (a, b)))
    even, odd = (ir.Constant(total.type, list(range(start, 2 * LANES, 2))) for start in (0, 1))
    first, second = (builder.shuffle_vector(products, products, each) for each in (even, odd))
    return builder.add(total, builder.add(first, second))


def _floats(builder: ir.IRBuilder, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    a, b = (builder.bitcast(each, total.type) for each in (a, b))
    return _call(builder, f"llvm.fmuladd.v{LANES}f32", a, b, total)


def _bfloats(builder: ir.IRBuilder, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    """A bfloat16 is the upper half of a float32."""
    upper, shift = (ir.Constant(a.type, [value] * LANES) for value in (0xFFFF0000, 16))
    total = _floats(builder, total, builder.shl(a, shift), builder.shl(b, shift))
    return _floats(builder, total, builder.and_(a, upper), builder.and_(b, upper))


def _bfloats_at_once(builder: ir.IRBuilder, total: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
    a, b = (builder.bitcast(each, ir.VectorType(_BFLOAT, 2 * LANES)) for each in (a, b))
    return _call(builder, f"llvm.x86.avx512bf16.dpbf16ps.{32 * LANES}", total, a, b)


def _call(builder: ir.IRBuilder, name: str, *arguments: ir.Value) -> ir.Value:
    """Call an LLVM intrinsic that returns a vector of floats."""
    kind = ir.FunctionType(ir.VectorType(FLOAT, LANES), [each.type for each in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


MULTIPLY_ADD: dict[types.Type, Callable[..., ir.Value]] = {
    types.int32: _integers,
    types.uint32: _bfloats_at_once if FEATURES.get("avx512bf16") else _bfloats,
    types.float32: _floats,
}
