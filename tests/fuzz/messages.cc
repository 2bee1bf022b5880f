// Every message that crosses a socket or memfd between confide's programs: decoding any bytes is safe, and what decodes
// encodes back to the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/protocol.h"
#include "broker/store_protocol.h"
#include "launcher/request_wire.h"
#include "supervisor/protocol.h"

namespace {

template <class Decoded>
void same_bytes(const Decoded& decoded, std::string_view bytes) {
  using confide::broker::encode;
  using confide::launcher::encode;
  using confide::supervisor::encode;
  if (decoded && encode(*decoded) != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  same_bytes(confide::broker::decode_request(bytes), bytes);
  same_bytes(confide::broker::decode_reply(bytes), bytes);
  same_bytes(confide::broker::decode_store_request(bytes), bytes);
  same_bytes(confide::broker::decode_store_reply(bytes), bytes);
  same_bytes(confide::supervisor::decode_message(bytes), bytes);
  same_bytes(confide::supervisor::decode_assignment(bytes), bytes);
  same_bytes(confide::launcher::decode_request(bytes), bytes);
  return 0;
}
