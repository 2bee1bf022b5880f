#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/sys.h"
#include "secrets/secret_buffer.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using testing::text_of;

UniqueFd file_with(std::string_view text) {
  UniqueFd fd(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_TRUE(sys::write_all(fd.get(), text).has_value());
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

TEST(ReadFd, RegularFile) {
  const std::string text = std::string(70000, 'r') + '\0' + "end\n";
  EXPECT_EQ(text_of(read_fd(file_with(text).get(), kMaxSecretBytes, "file").value()), text);
}

TEST(ReadFd, StartsAtTheOffset) {
  const auto fd = file_with("skipped:value");
  ASSERT_EQ(::lseek(fd.get(), 8, SEEK_SET), 8);
  EXPECT_EQ(text_of(read_fd(fd.get(), 5, "file").value()), "value");
}

TEST(ReadFd, EmptyFile) { EXPECT_TRUE(read_fd(file_with("").get(), kMaxSecretBytes, "file").value().empty()); }

TEST(ReadFd, PipeInManyPieces) {
  auto pipe = sys::pipe().value();
  std::string expected;
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      const std::string piece(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
      expected += piece;
      (void)sys::write_all(pipe.write.get(), piece);
    }
    pipe.write.reset();
  });
  const auto value = read_fd(pipe.read.get(), kMaxSecretBytes, "pipe");
  writer.join();
  EXPECT_EQ(text_of(value.value()), expected);
}

TEST(ReadFd, WaitsForANonBlockingPipe) {
  auto pipe = sys::pipe().value();
  ASSERT_EQ(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
  std::thread writer([&] {
    ::usleep(20000);
    (void)sys::write_all(pipe.write.get(), std::string_view("late"));
    pipe.write.reset();
  });
  const auto value = read_fd(pipe.read.get(), kMaxSecretBytes, "pipe");
  writer.join();
  EXPECT_EQ(text_of(value.value()), "late");
}

TEST(ReadFd, Socket) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  UniqueFd left(fds[0]), right(fds[1]);
  ASSERT_TRUE(sys::write_all(left.get(), std::string_view("by socket")).has_value());
  left.reset();
  EXPECT_EQ(text_of(read_fd(right.get(), kMaxSecretBytes, "socket").value()), "by socket");
}

TEST(ReadFd, LimitIsExact) {
  EXPECT_EQ(text_of(read_fd(file_with("12345").get(), 5, "file").value()), "12345");
  EXPECT_FALSE(read_fd(file_with("123456").get(), 5, "file").has_value());
  for (const size_t size : {5000u, 5001u}) {
    auto pipe = sys::pipe().value();
    ASSERT_TRUE(sys::write_all(pipe.write.get(), std::string(size, 'p')).has_value());
    pipe.write.reset();
    EXPECT_EQ(read_fd(pipe.read.get(), 5000, "pipe").has_value(), size == 5000u);
  }
}

TEST(ReadFd, HugeFileIsRefusedUnreadAndByName) {
  const UniqueFd fd(::memfd_create("huge", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(fd.get(), off_t{2} << 30), 0);
  const auto result = read_fd(fd.get(), kMaxSecretBytes, "DB_PASSWORD\n");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
  EXPECT_EQ(result.error().what, "DB_PASSWORD\\x0a is larger than the limit of 1048576 bytes for one secret");
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 0) << "it was read";
}

TEST(ReadFd, EndlessDeviceIsRefusedAtTheLimit) {
  const auto zero = sys::openat(AT_FDCWD, "/dev/zero", O_RDONLY).value();
  EXPECT_EQ(read_fd(zero.get(), kMaxSecretBytes, "zero").error().kind, ErrorKind::kRefused);
}

TEST(ReadFd, DirectoryAndClosedDescriptorAreErrorsWithTheName) {
  const auto folder = sys::openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY).value();
  EXPECT_NE(to_text(read_fd(folder.get(), 10, "FOLDER").error()).find("FOLDER"), std::string::npos);
  EXPECT_NE(to_text(read_fd(-1, 10, "CLOSED").error()).find("CLOSED"), std::string::npos);
}

TEST(ReadFd, IntoAnArena) {
  SecretArena arena;
  const auto value = read_fd(arena, file_with("small").get(), kMaxSecretBytes, "file").value();
  EXPECT_EQ(text_of(value), "small");
  EXPECT_GT(arena.locked_bytes(), 0u);
}

}  // namespace
}  // namespace confide::secrets
