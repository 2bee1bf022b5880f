// The heap of confide-fetch: whatever is given back is wiped first. Values pass through libcurl, the TLS library, the
// JSON parser and strings, none of which wipes; the process may stay for as long as a lease lives.
//
// The C library's own free(3) and realloc(3) are replaced for the whole process, shared libraries included; the rest of
// its heap is used as it is (__libc_malloc and __libc_free are exported by glibc since 2.2.5).
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/wipe.h"

extern "C" {

void* __libc_malloc(size_t size);  // NOLINT(bugprone-reserved-identifier)
void __libc_free(void* at);        // NOLINT(bugprone-reserved-identifier)

void free(void* at) noexcept {
  if (at == nullptr) return;
  confide::wipe(at, ::malloc_usable_size(at));
  __libc_free(at);
}

// Never in place, so that what grew out of its room leaves nothing there.
void* realloc(void* at, size_t size) noexcept {
  if (at == nullptr) return __libc_malloc(size);
  if (size == 0) {
    free(at);
    return nullptr;
  }
  const size_t had = ::malloc_usable_size(at);
  if (size <= had && size >= had / 2) return at;
  void* moved = __libc_malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, at, std::min(had, size));
  free(at);
  return moved;
}

}  // extern "C"
