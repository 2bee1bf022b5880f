// Files of secrets at a path of their own: where they are put, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/kernel_abi.h"
#include "launcher/plan/explain.h"
#include "scenes.h"

namespace confide::launcher {
namespace {

using policy::Access;
using Texts = std::vector<std::string>;

PathFact missing(const std::string& path) { return {.requested = path}; }
PathFact linked(const std::string& path, const std::string& to) {
  PathFact fact = file(to);
  fact.requested = path;
  return fact;
}

Given with_view(const PathFact& at) {
  Given input = input_for(user_in_project());
  input.secrets = {{"TOKEN", Deliver::kFile, "--secret", at.requested}};
  input.scene.file_views = {at};
  return input;
}

Texts targets(const Given& input) {
  const auto plan = build(input);
  if (!plan) return {to_text(plan.error())};
  Texts out;
  for (const ViewStep& view : find_all<ViewStep>(*plan)) out.push_back(view.target);
  return out;
}

Error refusal(const Given& input) {
  const auto plan = build(input);
  return plan ? Error{ErrorKind::kInternal, 0, "planned"} : plan.error();
}

TEST(FileViews, OverAFileOfTheProjectAndItsMask) {
  Given input = with_view(file("/home/me/shop/.env"));
  input.scene.masks = {file("/home/me/shop/.env")};
  const auto plan = build(input).value();
  const auto view = find<ViewStep>(plan);
  EXPECT_EQ(view, (ViewStep{"TOKEN", "/run/secrets/TOKEN", "/home/me/shop/.env"}));
  EXPECT_LT(index_of<MaskStep>(plan), index_of<ViewStep>(plan));
  EXPECT_LT(index_of<SecretsStep>(plan), index_of<ViewStep>(plan)) << "the file is there and read-only by then";
  EXPECT_LT(index_of<ViewStep>(plan), index_of<LandlockStep>(plan));
  EXPECT_EQ(describe(Action(*view)).text, "/home/me/shop/.env (TOKEN)");
}

TEST(FileViews, AFileBehindALink) {
  EXPECT_EQ(targets(with_view(linked("/home/me/shop/.env", "/home/me/shop/conf/env"))),
            Texts{"/home/me/shop/conf/env"});
  const Error error = refusal(with_view(linked("/home/me/shop/.env", "/home/me/other/env")));
  EXPECT_EQ(error.kind, ErrorKind::kRefused);
  EXPECT_NE(error.what.find("TOKEN: /home/me/shop/.env leads to /home/me/other/env"), std::string::npos) << error.what;
}

TEST(FileViews, UnderEachNameOfAFolderThatIsBoundTwice) {
  Given input = with_view(file("/home/me/real/env"));
  PathFact twice = folder("/home/me/real");
  twice.requested = "/home/me/link";
  add_path(input, twice, Access::kRead);
  EXPECT_EQ(targets(input), (Texts{"/home/me/link/env", "/home/me/real/env"}));
}

TEST(FileViews, NothingIsMadeOnTheHost) {
  const Error error = refusal(with_view(missing("/home/me/shop/.env")));
  EXPECT_EQ(error.kind, ErrorKind::kRefused);
  EXPECT_NE(error.what.find("TOKEN: /home/me/shop/.env does not exist"), std::string::npos) << error.what;
  EXPECT_NE(error.what.find("/run/secrets/TOKEN"), std::string::npos) << error.what;
}

TEST(FileViews, InTheSandboxesOwnPlacesAMountPointIsMadeAndMayBeRead) {
  for (const std::string path : {"/tmp/deep/token", "/home/me/.netrc", "/srv/app/token"}) {
    // What the host has there does not count.
    for (const PathFact& at : {missing(path), file(path), linked(path, "/home/me/shop/x")}) {
      const auto plan = build(with_view(at)).value();
      const auto files = find_all<FileStep>(plan);
      EXPECT_TRUE(std::ranges::any_of(files, [&](const FileStep& step) { return step.path == path; })) << path;
      EXPECT_EQ(targets(with_view(at)), Texts{path});
      EXPECT_NE(granted(*find<LandlockStep>(plan), path) & abi::kFsReadFile, 0U) << path;
    }
  }
}

TEST(FileViews, PlacesThatAreNone) {
  for (const std::string path : {"/tmp", "/home", "/home/me", "/proc/self/x", "/dev/x", "/sys/x", "/var/run/x",
                                 "/var/tmp/x", "/bin/x", "/run/confide/x", "/run/secrets/x"}) {
    const Error error = refusal(with_view(missing(path)));
    EXPECT_EQ(error.kind, ErrorKind::kRefused) << path << ": " << error.what;
    EXPECT_EQ(error.what.find("TOKEN: " + path + " is "), 0U) << error.what;
  }
  EXPECT_EQ(refusal(with_view(folder("/home/me/shop/.git"))).kind, ErrorKind::kRefused);
  Given hidden = with_view(file("/home/me/shop/keys/a"));
  add_path(hidden, folder("/home/me/shop/keys"), Access::kHide);
  EXPECT_NE(refusal(hidden).what.find("hidden"), std::string::npos);
}

TEST(FileViews, NotWhereTheHostsWholeRootIsShown) {
  Given input = with_view(file("/home/me/shop/.env"));
  input.policy.system = policy::System::kWholeRoot;
  EXPECT_EQ(refusal(input).kind, ErrorKind::kRefused);
}

TEST(FileViews, NotWithoutNamespaces) {
  Given input = with_view(file("/home/me/shop/.env"));
  input.host.user_namespaces = {false, "switched off"};
  const Error error = refusal(input);
  EXPECT_EQ(error.kind, ErrorKind::kUnsupported);
  EXPECT_NE(error.what.find("TOKEN: "), std::string::npos);
  EXPECT_NE(error.what.find("switched off"), std::string::npos);
}

TEST(FileViews, OfSeveralSecretsEachItsOwn) {
  Given input = input_for(user_in_project());
  input.secrets = {{"A", Deliver::kEnv, "--secret"},
                   {"B", Deliver::kFile, "--secret", "/home/me/shop/b"},
                   {"C", Deliver::kFile, "--secret"},
                   {"D", Deliver::kFile, "--secret", "/tmp/d"}};
  input.scene.file_views = {file("/home/me/shop/b"), missing("/tmp/d")};
  EXPECT_EQ(find_all<ViewStep>(build(input).value()),
            (std::vector<ViewStep>{{"B", "/run/secrets/B", "/home/me/shop/b"}, {"D", "/run/secrets/D", "/tmp/d"}}));
}

}  // namespace
}  // namespace confide::launcher
