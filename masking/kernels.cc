#include "masking/kernels.h"

#include <bit>

#include "masking/token.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace confide::masking {
namespace {

struct ByteRoles {
  uint8_t of[256] = {};
  constexpr ByteRoles() {
    for (unsigned b = 0; b < 256; ++b) {
      const auto byte = static_cast<uint8_t>(b);
      of[b] = static_cast<uint8_t>((filter_keeps(byte) ? 1 : 0) | (filter_stops_at(byte) ? 2 : 0) |
                                   (byte == kEscapeByte ? 4 : 0));
    }
  }
};
constexpr ByteRoles kRoles;

void classify_plain(const uint8_t* in, size_t blocks, Masks* masks) {
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    Masks found;
    for (unsigned i = 0; i < 64; ++i) {
      const uint64_t roles = kRoles.of[in[i]];
      found.keep |= (roles & 1) << i;
      found.stop |= (roles >> 1 & 1) << i;
      found.escape |= (roles >> 2) << i;
    }
    masks[block] = found;
  }
}

size_t compact_plain(const uint8_t* in, size_t blocks, const Masks* masks, uint8_t* out, uint32_t* ranks) {
  size_t used = 0;
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    ranks[block] = static_cast<uint32_t>(used);
    const uint64_t kept = masks[block].keep;
    for (unsigned i = 0; i < 64; ++i) {
      out[used] = canonical(in[i]);
      used += kept >> i & 1;
    }
  }
  return used;
}

constexpr Kernels kPlain{"plain", classify_plain, compact_plain};

#if defined(__x86_64__)

// The order of eight bytes that brings those of a mask to the front.
struct CompactTable {
  uint64_t order[256] = {};
  constexpr CompactTable() {
    for (unsigned mask = 0; mask < 256; ++mask) {
      unsigned to = 0;
      for (unsigned from = 0; from < 8; ++from) {
        if ((mask >> from & 1) != 0) order[mask] |= uint64_t{from} << (8 * to++);
      }
    }
  }
};
constexpr CompactTable kCompact;

// A byte's class is the common bits of an entry for its low and one for its high half.
//   1: 0x0_ 0x1_   2: space " '   4: backslash   8: 0x7f   16: ESC   32: % &
constexpr uint8_t kDropped = 1 | 2 | 4 | 8;
constexpr uint8_t kStopped = 4 | 32;
constexpr uint8_t kEscape = 16;
struct NibbleTables {
  alignas(16) uint8_t low[16] = {};
  alignas(16) uint8_t high[16] = {};
  constexpr NibbleTables() {
    for (auto& entry : low) entry = 1;
    for (const unsigned n : {0x0U, 0x2U, 0x7U}) low[n] |= 2;
    low[0xc] |= 4;
    low[0xf] |= 8;
    low[0xb] |= 16;
    low[0x5] |= 32;
    low[0x6] |= 32;
    high[0] = 1;
    high[1] = 1 | 16;
    high[2] = 2 | 32;
    high[5] = 4;
    high[7] = 8;
  }
  constexpr bool right() const {
    for (unsigned b = 0; b < 256; ++b) {
      const unsigned bits = low[b & 15] & high[b >> 4];
      const auto byte = static_cast<uint8_t>(b);
      if (((bits & kDropped) == 0) != filter_keeps(byte)) return false;
      if (((bits & kStopped) != 0) != filter_stops_at(byte)) return false;
      if (((bits & kEscape) != 0) != (byte == kEscapeByte)) return false;
    }
    return true;
  }
};
constexpr NibbleTables kNibbles;
static_assert(kNibbles.right());

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
__m128i repeat(uint8_t byte) { return _mm_set1_epi8(static_cast<char>(byte)); }

[[gnu::target("ssse3")]] void classify_ssse3(const uint8_t* in, size_t blocks, Masks* masks) {
  const __m128i low = load(kNibbles.low);
  const __m128i high = load(kNibbles.high);
  const __m128i half = repeat(15);
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    Masks without;  // a bit for each byte that is not dropped, not stopped at, no escape
    for (unsigned part = 0; part < 4; ++part) {
      const __m128i bytes = load(in + 16 * part);
      const __m128i bits = _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(bytes, half)),
                                         _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), half)));
      const auto mask = [&](uint8_t which) {
        const __m128i none = _mm_cmpeq_epi8(_mm_and_si128(bits, repeat(which)), _mm_setzero_si128());
        return uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(none))} << (16 * part);
      };
      without.keep |= mask(kDropped);
      without.stop |= mask(kStopped);
      without.escape |= mask(kEscape);
    }
    masks[block] = {without.keep, ~without.stop, ~without.escape};
  }
}

[[gnu::target("ssse3,popcnt")]] size_t compact_ssse3(const uint8_t* in, size_t blocks, const Masks* masks, uint8_t* out,
                                                     uint32_t* ranks) {
  uint8_t* to = out;
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    ranks[block] = static_cast<uint32_t>(to - out);
    const uint64_t kept = masks[block].keep;
    for (unsigned part = 0; part < 8; ++part) {
      const auto mask = static_cast<uint8_t>(kept >> (8 * part));
      __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + 8 * part));
      bytes = _mm_sub_epi8(bytes, _mm_and_si128(_mm_cmpeq_epi8(bytes, repeat('-')), repeat('-' - '+')));
      bytes = _mm_sub_epi8(bytes, _mm_and_si128(_mm_cmpeq_epi8(bytes, repeat('_')), repeat('_' - '/')));
      const __m128i order = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kCompact.order[mask]));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(bytes, order));
      to += std::popcount(mask);
    }
  }
  return static_cast<size_t>(to - out);
}

[[gnu::target("avx2")]] uint64_t without_avx2(__m256i bits, uint8_t which) {
  const __m256i asked = _mm256_and_si256(bits, _mm256_set1_epi8(static_cast<char>(which)));
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(asked, _mm256_setzero_si256())));
}

[[gnu::target("avx2")]] void classify_avx2(const uint8_t* in, size_t blocks, Masks* masks) {
  const __m256i low = _mm256_broadcastsi128_si256(load(kNibbles.low));
  const __m256i high = _mm256_broadcastsi128_si256(load(kNibbles.high));
  const __m256i half = _mm256_set1_epi8(15);
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    Masks without;
    for (unsigned part = 0; part < 2; ++part) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + 32 * part));
      const __m256i bits =
          _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(bytes, half)),
                           _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half)));
      without.keep |= without_avx2(bits, kDropped) << (32 * part);
      without.stop |= without_avx2(bits, kStopped) << (32 * part);
      without.escape |= without_avx2(bits, kEscape) << (32 * part);
    }
    masks[block] = {without.keep, ~without.stop, ~without.escape};
  }
}

#define CONFIDE_AVX512 [[gnu::target("avx512f,avx512bw,avx512vbmi2,popcnt")]]

CONFIDE_AVX512 void classify_avx512(const uint8_t* in, size_t blocks, Masks* masks) {
  const __m512i low = _mm512_maskz_broadcast_i32x4(0xffff, load(kNibbles.low));
  const __m512i high = _mm512_maskz_broadcast_i32x4(0xffff, load(kNibbles.high));
  const __m512i half = _mm512_set1_epi8(15);
  const __m512i dropped = _mm512_set1_epi8(static_cast<char>(kDropped));
  const __m512i stopped = _mm512_set1_epi8(static_cast<char>(kStopped));
  const __m512i escape = _mm512_set1_epi8(static_cast<char>(kEscape));
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    const __m512i bytes = _mm512_loadu_si512(in);
    const __m512i bits =
        _mm512_and_si512(_mm512_shuffle_epi8(low, _mm512_and_si512(bytes, half)),
                         _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half)));
    masks[block] = {_mm512_testn_epi8_mask(bits, dropped), _mm512_test_epi8_mask(bits, stopped),
                    _mm512_test_epi8_mask(bits, escape)};
  }
}

CONFIDE_AVX512 size_t compact_avx512(const uint8_t* in, size_t blocks, const Masks* masks, uint8_t* out,
                                     uint32_t* ranks) {
  const __m512i plus = _mm512_set1_epi8('+');
  const __m512i minus = _mm512_set1_epi8('-');
  const __m512i slash = _mm512_set1_epi8('/');
  const __m512i underscore = _mm512_set1_epi8('_');
  uint8_t* to = out;
  for (size_t block = 0; block < blocks; ++block, in += 64) {
    ranks[block] = static_cast<uint32_t>(to - out);
    __m512i bytes = _mm512_loadu_si512(in);
    bytes = _mm512_mask_mov_epi8(bytes, _mm512_cmpeq_epi8_mask(bytes, minus), plus);
    bytes = _mm512_mask_mov_epi8(bytes, _mm512_cmpeq_epi8_mask(bytes, underscore), slash);
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(masks[block].keep, bytes));
    to += std::popcount(masks[block].keep);
  }
  return static_cast<size_t>(to - out);
}

constexpr Kernels kSsse3{"ssse3", classify_ssse3, compact_ssse3};
constexpr Kernels kAvx2{"avx2", classify_avx2, compact_ssse3};
constexpr Kernels kAvx512{"avx512", classify_avx512, compact_avx512};

struct Available {
  const Kernels* list[4] = {};
  size_t count = 0;
  Available() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2")) list[count++] = &kAvx512;
    if (__builtin_cpu_supports("popcnt")) {
      if (__builtin_cpu_supports("avx2")) list[count++] = &kAvx2;
      if (__builtin_cpu_supports("ssse3")) list[count++] = &kSsse3;
    }
    list[count++] = &kPlain;
  }
};

#else

struct Available {
  const Kernels* list[1] = {&kPlain};
  size_t count = 1;
};

#endif

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const Available kAvailable;
  return {kAvailable.list, kAvailable.count};
}

}  // namespace confide::masking
