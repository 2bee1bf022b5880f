#include "agents/listeners.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/sys.h"
#include "base/text.h"

namespace confide::agents {
namespace {

constexpr std::string_view kListening = "0A";  // TCP_LISTEN, net/tcp_states.h
constexpr size_t kMostBytes = 8U << 20;

std::optional<unsigned> hexadecimal(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// Addresses are printed as 32-bit words in the machine's byte order (little-endian here).
Listener::On where(std::string_view address) {
  if (address.find_first_not_of('0') == std::string_view::npos) return Listener::On::kEverywhere;
  if (address.size() == 8) return address.ends_with("7F") ? Listener::On::kLoopback : Listener::On::kElsewhere;
  if (address == "00000000000000000000000001000000") return Listener::On::kLoopback;
  // An IPv4 address in IPv6's form: ::ffff:127.0.0.0/8.
  const bool mapped = address.starts_with("0000000000000000FFFF0000");
  return mapped && address.ends_with("7F") ? Listener::On::kLoopback : Listener::On::kElsewhere;
}

void read_table(std::string_view text, std::vector<Listener>& out) {
  for (const std::string_view line : split(text, '\n')) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
      if (!word.empty()) words.push_back(word);
    if (words.size() < 10 || words[3] != kListening) continue;
    const size_t colon = words[1].find(':');
    if (colon == std::string_view::npos) continue;
    const auto port = hexadecimal(words[1].substr(colon + 1));
    if (!port) continue;
    const std::string_view address = words[1].substr(0, colon);
    const Listener::On on = where(address);
    if (on == Listener::On::kElsewhere) continue;
    const bool known = std::ranges::any_of(out, [&](const Listener& other) { return other.port == *port; });
    if (!known) out.push_back({*port, on, std::string(address), parse_number(words[9]).value_or(0)});
  }
}

}  // namespace

std::vector<Listener> listeners_in(std::string_view tcp, std::string_view tcp6) {
  std::vector<Listener> found;
  read_table(tcp, found);
  read_table(tcp6, found);
  std::ranges::sort(found, {}, &Listener::port);
  return found;
}

std::vector<Listener> listeners_here() {
  const auto tcp = sys::read_file("/proc/net/tcp", kMostBytes);
  const auto tcp6 = sys::read_file("/proc/net/tcp6", kMostBytes);
  return listeners_in(tcp ? *tcp : std::string(), tcp6 ? *tcp6 : std::string());
}

}  // namespace confide::agents
