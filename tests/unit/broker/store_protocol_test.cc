// Every operation and answer goes over the wire and comes back; CONFIDE_UPDATE_CORPUS=1 writes them for the fuzz
// target.
#include "broker/store_protocol.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace confide::broker {
namespace {

void keep(const std::string& name, const std::string& bytes) {
  if (std::getenv("CONFIDE_UPDATE_CORPUS") == nullptr) return;
  std::ofstream(CONFIDE_SOURCE_DIR "/tests/fuzz/corpus/messages/" + name, std::ios::binary) << bytes;
}

std::vector<Operation> every_operation() {
  return {MakeVault{"file"},
          DescribeVault{},
          AcceptRestore{},
          ChangeKey{"passphrase"},
          CollectGarbage{3},
          SetSecret{SetSecret::Mode::kRotate, "staging/KEY", ValueFrom::kGenerator, "alnum:40", 86400},
          ListSecrets{},
          ShowSecret{"KEY"},
          RemoveSecret{"KEY"},
          Disclose{"op://a/b/c", Disclose::To::kScript},
          Inject{"config.tpl", Inject::Disk::kAllowed},
          ListEnvironments{},
          ShowEnvironment{"staging"},
          CreateEnvironment{"staging"},
          SetVariables{"staging", {"A=op://a/b/c", "B=confide://B,deliver=file"}},
          RenameEnvironment{"staging", "production"},
          RemoveEnvironment{"staging", {"A"}},
          ImportEnvironment{"staging", ".env", ImportEnvironment::Rewrite::kYes}};
}

TEST(StoreProtocol, RequestsComeBack) {
  for (const Operation& operation : every_operation()) {
    const std::string bytes = encode(StoreRequest{operation, 2, 3, {}, {{5, 4}}});
    const auto back = decode_store_request(bytes);
    ASSERT_TRUE(back) << operation.index();
    EXPECT_EQ(back->operation.index(), operation.index());
    EXPECT_EQ(encode(*back), bytes);
    keep("store-request-" + std::to_string(operation.index()), bytes);
  }
}

TEST(StoreProtocol, AnswersComeBack) {
  const Answer answers[] = {
      Done{},
      VaultState{"/vault", "file", true, "0123", 3, 4, 5},
      Stored{"A", 2},
      SecretRows{{{"A", 2, {{1, 5, 6}, {2, 7, 8}}, 1800000000, "hex", {"staging"}}}},
      CollectedRows{1, 2},
      EnvironmentRows{{{"staging", "/f", {{"A", "op://a/b/c", "env", ""}, {"B", "", "file", "/x"}}}}},
      Imported{{{"A", "confide://staging/A", ImportedRow::What::kMoved}}, true},
  };
  for (const Answer& answer : answers) {
    const std::string bytes = encode(StoreReply{answer, {"a note"}});
    const auto back = decode_store_reply(bytes);
    ASSERT_TRUE(back) << answer.index();
    EXPECT_EQ(encode(*back), bytes);
    keep("store-reply-" + std::to_string(answer.index()), bytes);
  }
}

TEST(StoreProtocol, CutMessagesAreRefused) {
  const std::string bytes = encode(StoreRequest{SetSecret{}, 2, {}, {}, {}});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_store_request(bytes.substr(0, size)));
}

TEST(RunProtocol, RequestsComeBack) {
  const Request request{.verb = Verb::kRun,
                        .secrets = {"A=op://a/b/c"},
                        .env_files = {{".env", 7}},
                        .environments = {"staging"},
                        .known = {{.name = "staging", .origin = {}, .variables = {{.name = "B", .text = "fd:5"}}}},
                        .templates = {{{"config.tpl", 8}, "/run/config"}},
                        .shell = ShellReferences::kResolve,
                        .descriptors = {{5, 9}},
                        .terminal = 10};
  const std::string bytes = encode(request);
  const auto back = decode_request(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode(*back), bytes);
  EXPECT_EQ(back->known, request.known);
  keep("broker-request", bytes);
  keep("broker-refused", encode(Reply{Refused{ErrorKind::kRefused, 2, "two secrets cannot be had"}}));
  keep("broker-described", encode(Reply{Described{{{"A", policy::Deliver::kFile, "--secret", {}}}, {"a warning"}}}));
  keep("broker-answered", encode(Reply{Answered{}}));
  keep("broker-launched", encode(Reply{Launched{{"a warning"}, {"A"}, {{"broker: runs", 1'000'000'000}}}}));
  keep("run-ended", supervisor::encode(supervisor::RunMessage{supervisor::EndedMessage{130, 2, true}}));
  keep("run-planned", supervisor::encode(supervisor::RunMessage{
                          supervisor::PlannedMessage{{{policy::Layer::kNamespaces, true, "user mount pid"}}}}));
  keep("run-trace", supervisor::encode(supervisor::RunMessage{
                        supervisor::TraceMessage{{{"supervisor: runs", 1}}, {{"clone user", 2}}}}));
  keep("assignment",
       supervisor::encode(supervisor::Assignment{supervisor::Task::kRun,
                                                 supervisor::Masking::kOn,
                                                 supervisor::Tracing::kOn,
                                                 {{"A", policy::Deliver::kEnv, "--secret", supervisor::Shown::kPlain}},
                                                 {"op://a/b/c"}}));
}

}  // namespace
}  // namespace confide::broker
