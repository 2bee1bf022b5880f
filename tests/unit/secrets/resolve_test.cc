#include "secrets/resolve.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/sys.h"
#include "base/text.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using namespace std::string_view_literals;
using testing::secret;
using testing::text_of;

class ResolveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/confide-resolve-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    for (const auto name : {"file", "link", "loop", "fifo", "socket", "closed", "huge"}) {
      ::unlink(path(name).c_str());
    }
    ::rmdir(folder_.c_str());
  }

  std::string path(std::string_view name) const { return cat(folder_, "/", name); }
  void write(std::string_view name, std::string_view text, mode_t mode = 0600) {
    const auto fd = sys::openat(AT_FDCWD, path(name), O_WRONLY | O_CREAT | O_TRUNC, mode).value();
    ASSERT_TRUE(sys::write_all(fd.get(), text).has_value());
  }
  Result<SecretBuffer> get(std::string_view reference) {
    return resolve(policy::parse_reference(reference).value(), context_);
  }
  Result<SecretBuffer> get_file(std::string_view name) { return get(cat("file://", path(name))); }
  std::string error_of(std::string_view name) {
    const auto value = get_file(name);
    if (value) return "resolved";
    EXPECT_EQ(value.error().kind, ErrorKind::kRefused);
    const std::string prefix = cat("file://", path(name), ": ");
    const std::string text = to_text(value.error());
    EXPECT_TRUE(text.starts_with(prefix)) << text;
    return text.substr(prefix.size());
  }

  std::string folder_;
  SecretArena arena_;
  ResolveContext context_{.arena = arena_};
};

TEST_F(ResolveTest, FileByteForByte) {
  write("file", "line\n\0\n"sv);
  EXPECT_EQ(text_of(get_file("file").value()), "line\n\0\n"sv);
  EXPECT_EQ(text_of(get_file("file").value()), "line\n\0\n"sv) << "a file can be read again";
}

TEST_F(ResolveTest, FileThroughASymbolicLink) {
  write("file", "value");
  ASSERT_EQ(::symlink("file", path("link").c_str()), 0);
  EXPECT_EQ(text_of(get_file("link").value()), "value");
}

TEST_F(ResolveTest, WhatIsNoReadableRegularFileIsRefusedAtOnce) {
  EXPECT_EQ(error_of("missing"), "No such file or directory");
  ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
  EXPECT_EQ(error_of("loop"), "Too many levels of symbolic links");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(error_of("fifo"), "is not a regular file (stdin: and fd:N read pipes)");
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path("socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(error_of("socket"), "is not a regular file (stdin: and fd:N read pipes)");
  EXPECT_EQ(to_text(get("file:///dev/zero").error()),
            "file:///dev/zero: is not a regular file (stdin: and fd:N read pipes)");
  EXPECT_EQ(to_text(get("file:///tmp").error()), "file:///tmp: is a folder, not a file");
  if (::geteuid() != 0) {
    write("closed", "value", 0000);
    EXPECT_EQ(error_of("closed"), "Permission denied");
  }
}

TEST_F(ResolveTest, HugeFileIsRefused) {
  write("huge", "");
  ASSERT_EQ(::truncate(path("huge").c_str(), off_t{2} << 30), 0);
  const auto value = get_file("huge");
  EXPECT_EQ(value.error(),
            (Error{ErrorKind::kRefused, 0,
                   cat("file://", path("huge"), " is larger than the limit of 1048576 bytes for one secret")}));
}

TEST_F(ResolveTest, Environment) {
  EXPECT_EQ(to_text(get("env:A").error()), "env:A: no environment was handed over to this run");
  const Environ environ(secret("A=one\n\0B=\0a=two\0"sv));
  context_.environ = &environ;
  EXPECT_EQ(text_of(get("env:A").value()), "one\n");
  EXPECT_EQ(text_of(get("env:B").value()), "");
  EXPECT_EQ(text_of(get("env:a").value()), "two");
  EXPECT_EQ(get("env:C").error(), (Error{ErrorKind::kRefused, 0, "env:C: the variable is not set"}));
  EXPECT_EQ(get("env:b").error().kind, ErrorKind::kRefused);
  context_.limit = 3;
  EXPECT_EQ(get("env:A").error().what, "env:A: is larger than the limit of 3 bytes for one secret");
}

TEST_F(ResolveTest, DescriptorGivesItsValueOnce) {
  auto pipe = sys::pipe().value();
  ASSERT_TRUE(sys::write_all(pipe.write.get(), "by descriptor\n"sv).has_value());
  pipe.write.reset();
  context_.descriptors.push_back({.number = 7, .fd = std::move(pipe.read)});
  EXPECT_EQ(get("fd:8").error().what, "fd:8: this descriptor was not handed over");
  EXPECT_EQ(text_of(get("fd:7").value()), "by descriptor\n");
  EXPECT_EQ(get("fd:7").error().what, "fd:7: was read already; a descriptor gives its value once");
}

TEST_F(ResolveTest, StandardInputGivesItsValueOnce) {
  EXPECT_EQ(get("stdin:").error().what, "stdin:: standard input was not handed over, or was read already");
  auto pipe = sys::pipe().value();
  ASSERT_TRUE(sys::write_all(pipe.write.get(), "typed"sv).has_value());
  pipe.write.reset();
  context_.standard_input = std::move(pipe.read);
  EXPECT_EQ(text_of(get("stdin:").value()), "typed");
  EXPECT_EQ(get("stdin:").error().kind, ErrorKind::kRefused);
}

TEST_F(ResolveTest, DescriptorThatCannotBeReadIsRefused) {
  context_.descriptors.push_back({.number = 3, .fd = sys::openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY).value()});
  EXPECT_EQ(get("fd:3").error(), (Error{ErrorKind::kRefused, EISDIR, "fd:3"}));
}

TEST_F(ResolveTest, SchemesWithoutAProviderAreRefusedByName) {
  for (const auto reference : {"op://v/i/f", "vault://kv/a#b", "exec:x", "keyring://user/x"}) {
    const auto parsed = policy::parse_reference(reference).value();
    if (is_supported(parsed.scheme)) continue;
    EXPECT_EQ(get(reference).error(),
              (Error{ErrorKind::kRefused, 0,
                     cat(reference, ": this build has no provider for ", policy::prefix_of(parsed.scheme))}));
  }
  for (const auto reference : {"file:///x", "env:X", "fd:3", "stdin:"}) {
    EXPECT_TRUE(is_supported(policy::parse_reference(reference).value().scheme));
  }
}

}  // namespace
}  // namespace confide::secrets
