#include "launcher/request_wire.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "scenes.h"

namespace confide::launcher {
namespace {

TEST(RequestWire, EverythingComesBack) {
  const Given input = input_for(root_in_project());
  const LaunchRequest request{input.policy,
                              input.host,
                              input.scene.caller,
                              input.command,
                              {{"TOKEN", Deliver::kFile, "--secret", "/home/me/shop/.env"}}};
  const std::string bytes = encode(request);
  if (std::getenv("CONFIDE_UPDATE_CORPUS") != nullptr)
    std::ofstream(CONFIDE_SOURCE_DIR "/tests/fuzz/corpus/messages/launch-request") << bytes;
  const auto back = decode_request(bytes);
  ASSERT_TRUE(back) << to_text(back.error());
  EXPECT_EQ(back->policy, request.policy);
  EXPECT_EQ(back->host, request.host);
  EXPECT_EQ(back->caller, request.caller);
  EXPECT_EQ(back->command, request.command);
  EXPECT_EQ(back->secrets, request.secrets);
}

TEST(RequestWire, EveryTruncationIsAnError) {
  const Given input = input_for(user_in_project());
  const std::string bytes = encode(LaunchRequest{input.policy, input.host, input.scene.caller, input.command, {}});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_request(bytes.substr(0, size))) << size;
}

}  // namespace
}  // namespace confide::launcher
