// Requests and replies go over the wire and come back; CONFIDE_UPDATE_CORPUS=1 writes them for the fuzz target.
#include "broker/protocol.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace confide::broker {
namespace {

void keep(const std::string& name, const std::string& bytes) {
  if (std::getenv("CONFIDE_UPDATE_CORPUS") == nullptr) return;
  std::ofstream(CONFIDE_SOURCE_DIR "/tests/fuzz/corpus/messages/" + name, std::ios::binary) << bytes;
}

void comes_back(const std::string& name, const Reply& reply) {
  const std::string bytes = encode(reply);
  const auto back = decode_reply(bytes);
  ASSERT_TRUE(back) << name;
  EXPECT_EQ(back->index(), reply.index()) << name;
  EXPECT_EQ(encode(*back), bytes) << name;
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_reply(bytes.substr(0, size))) << name << size;
  keep(name, bytes);
}

TEST(Protocol, RequestsComeBack) {
  const Request request{.secrets = {"A=op://a/b/c"},
                        .env_files = {PassedFile{".env", 7}},
                        .environments = {"staging"},
                        .known = {{.name = "staging", .variables = {{.name = "B", .text = "fd:5"}}}},
                        .templates = {{PassedFile{"config.tpl", 8}, "/run/config"}},
                        .shell = ShellReferences::kResolve,
                        .descriptors = {PassedDescriptor{5, 9}},
                        .terminal = 10,
                        .cwd = "/p/src",
                        .project = "/p"};
  const std::string bytes = encode(request);
  const auto back = decode_request(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode(*back), bytes);
  keep("broker-request", bytes);
}

TEST(Protocol, RepliesComeBack) {
  comes_back("broker-described", Described{{{.name = "A", .origin = "--secret"}}, {"a warning"}});
  comes_back("broker-launched", Launched{{"a warning"}, {"A"}, {{"broker: runs", 1'000'000'000}}});
  comes_back("broker-refused", Refused{ErrorKind::kRefused, 2, "two secrets cannot be had", "exec:a said “no”"});
  comes_back("broker-providers", ProviderList{{{"op", "op://", "op read", "yes", "a stand-in", true}}});
  comes_back("broker-tested", ProviderTest{{{"op", "ready", "op: answers", true}}});
  comes_back("broker-answered", Answered{});
}

// What another program said travels by itself: whoever forgets it loses it, and keeps nothing of it.
TEST(Protocol, ARefusalKeepsTheQuoteApart) {
  const auto back = decode_reply(encode(Refused{ErrorKind::kRefused, 0, "ours", "theirs"}));
  ASSERT_TRUE(back);
  const auto& refused = std::get<Refused>(*back);
  const Error error{refused.kind, refused.errnum, refused.what, refused.quoted};
  EXPECT_EQ(to_text(error), "ours");
  EXPECT_EQ(to_text_with_quoted(error), "ours; theirs");
}

}  // namespace
}  // namespace confide::broker
