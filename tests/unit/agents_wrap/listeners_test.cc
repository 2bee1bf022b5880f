#include "agents/listeners.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

constexpr const char* kHead =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

std::string row(const char* local, const char* state, const char* inode = "42") {
  return std::string("   0: ") + local + " 00000000:0000 " + state +
         " 00000000:00000000 00:00000000 00000000  1000        0 " + inode + " 1 0000000000000000 100 0 0 10 0\n";
}

TEST(Listeners, AreThoseThatLoopbackReaches) {
  const std::string tcp = std::string(kHead) + row("0100007F:1538", "0A") + row("00000000:0016", "0A", "7") +
                          row("0205A8C0:0050", "0A") + row("0100007F:9C40", "01") + row("0B0B007F:0FA0", "0A");
  const auto found = listeners_in(tcp, "");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0], (Listener{22, Listener::On::kEverywhere, "00000000", 7}));
  EXPECT_EQ(found[1].port, 4000U);
  EXPECT_EQ(found[2], (Listener{5432, Listener::On::kLoopback, "0100007F", 42}));
}

TEST(Listeners, OfBothFamiliesAreToldOnce) {
  const std::string tcp6 = std::string(kHead) + row("00000000000000000000000001000000:1F90", "0A") +
                           row("00000000000000000000000000000000:1538", "0A") +
                           row("0000000000000000FFFF00000100007F:0007", "0A") +
                           row("000080FE00000000FF005452FE123456:0009", "0A");
  const auto found = listeners_in(std::string(kHead) + row("0100007F:1538", "0A"), tcp6);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].port, 7U);
  EXPECT_EQ(found[1].port, 5432U);
  EXPECT_EQ(found[1].on, Listener::On::kLoopback);
  EXPECT_EQ(found[2].port, 8080U);
}

TEST(Listeners, OfMalformedTablesAreNone) {
  for (const char* text : {"", "\n\n", "a b c", "  0: x 0 0A 0 0 0 0 0 0\n", "  0: 0100007F:ZZZZ 0 0A 0 0 0 0 0 0\n"})
    EXPECT_TRUE(listeners_in(text, text).empty()) << text;
}

}  // namespace
}  // namespace confide::agents
