// TCP services of this network namespace, from the text of /proc/net/tcp and tcp6 (proc(5)). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace confide::agents {

struct Listener {
  unsigned port = 0;
  enum class On : uint8_t { kLoopback, kEverywhere, kElsewhere } on = On::kLoopback;
  std::string address;      // as the kernel writes it: hexadecimal
  unsigned long inode = 0;  // of the socket; 0 where it is not told
  bool operator==(const Listener&) const = default;
};

// What listens and can be reached by way of loopback, by port, each once.
std::vector<Listener> listeners_in(std::string_view tcp, std::string_view tcp6);
// The same of this process's namespace; nothing where /proc/net cannot be read.
std::vector<Listener> listeners_here();

}  // namespace confide::agents
