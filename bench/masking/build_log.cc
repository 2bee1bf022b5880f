#include "bench/masking/build_log.h"

#include <array>
#include <random>
#include <string_view>

namespace confide::bench {
namespace {

constexpr std::string_view kWords[] = {
    "server", "client", "core",   "utils",   "parser", "index",  "render",  "config", "network", "session", "storage",
    "worker", "queue",  "router", "handler", "model",  "schema", "service", "cache",  "loader",  "buffer",  "string",
    "engine", "widget", "layout", "event",   "stream", "socket", "codec",   "filter", "matrix",  "vector"};
constexpr std::string_view kPackages[] = {
    "@types/node", "react-dom", "webpack", "eslint-plugin-import",   "lodash.merge", "@babel/core",
    "typescript",  "vite",      "esbuild", "postcss-selector-parser"};

class Log {
 public:
  explicit Log(Colours colours) : colours_(colours) {}

  std::string line() {
    switch (below(20)) {
      case 0:
      case 1:
      case 2:
      case 3: return progress();
      case 4:
      case 5: return compile();
      case 6:
      case 7: return warning();
      case 8:
      case 9: return npm();
      case 10:
      case 11: return json();
      case 12: return docker();
      case 13:
      case 14: return test();
      case 15: return cargo();
      case 16: return stack();
      case 17: return timestamped();
      case 18: return below(4) == 0 ? blob() : timestamped();
      default: return git();
    }
  }

 private:
  size_t below(size_t bound) { return random_() % bound; }
  std::string number(size_t bound) { return std::to_string(below(bound)); }
  std::string word() { return std::string(kWords[below(std::size(kWords))]); }
  std::string text(std::string_view alphabet, size_t length) {
    std::string out;
    while (out.size() < length) out.push_back(alphabet[below(alphabet.size())]);
    return out;
  }
  std::string hex(size_t length) { return text("0123456789abcdef", length); }
  std::string base64(size_t length) {
    return text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", length);
  }
  std::string path() { return "src/" + word() + "/" + word() + "_" + word() + ".cc"; }

  std::string progress() {
    return "[" + std::string(below(2) == 0 ? " " : "") + number(100) + "%] Building CXX object " + word() +
           "/CMakeFiles/" + word() + ".dir/" + path() + ".o";
  }
  std::string compile() {
    return "/usr/bin/c++ -DNDEBUG -D" + word() + "_EXPORTS -I/home/ci/project/" + word() + "/include -I/usr/include/" +
           word() + " -O2 -g -Wall -Wextra -fPIC -std=c++20 -MD -MT " + path() + ".o -o " + path() +
           ".o -c /home/ci/project/" + path();
  }
  std::string warning() {
    return colour("1") + "/home/ci/project/" + path() + ":" + number(900) + ":" + number(80) + ":" + colour("0") + " " +
           colour("35;1") + "warning:" + colour("0") + " unused variable '" + word() + "' [" + colour("35;1") +
           "-Wunused-variable" + colour("0") + "]";
  }
  std::string npm() {
    const std::string name(kPackages[below(std::size(kPackages))]);
    if (below(2) == 0)
      return "npm warn deprecated " + name + "@" + number(20) + "." + number(30) + "." + number(9) +
             ": this version is no longer supported";
    return "  " + colour("32") + "+" + colour("39") + " " + name + " " + colour("90") + number(20) + "." + number(9) +
           ".0" + colour("39") + "   integrity sha512-" + base64(86) + "==";
  }
  std::string json() {
    return "{\"level\":\"info\",\"time\":" + std::to_string(1700000000000 + below(10000000)) +
           ",\"pid\":" + number(30000) + ",\"module\":\"" + word() +
           "\",\"msg\":\"request completed\",\"path\":\"/api/v1/" + word() + "/" + number(10000) +
           "?limit=20&sort=" + word() + "\",\"ms\":" + number(900) + ",\"trace\":\"" + hex(32) + "\"}";
  }
  std::string docker() {
    return "#" + number(30) + " sha256:" + hex(64) + " " + number(90) + "." + number(9) + "MB / 98.2MB " + number(9) +
           ".2s done";
  }
  std::string test() {
    return colour("32") + "[       OK ]" + colour("") + " " + word() + "Test." + word() + "_" + word() + "_" + word() +
           " (" + number(200) + " ms)";
  }
  std::string cargo() {
    return "   Compiling " + word() + "-" + word() + " v" + number(3) + "." + number(30) + "." + number(20) +
           " (/home/ci/project/crates/" + word() + ")";
  }
  std::string stack() {
    return "    at " + word() + "." + word() + " (/home/ci/project/node_modules/" + word() + "/dist/" + word() +
           ".js:" + number(4000) + ":" + number(120) + ")";
  }
  std::string timestamped() {
    return "2026-11-" + std::to_string(10 + below(18)) + "T1" + number(10) + ":2" + number(10) + ":3" + number(10) +
           "." + std::to_string(100 + below(900)) + "Z INFO  [" + word() + "-" + number(8) + "] finished job " +
           number(100000) + " for the " + word() + " in " + number(3000) + " ms, " + number(64) +
           " rows written to the " + word() + " table";
  }
  std::string blob() {
    std::string out = "asset " + word() + ".js.map data:application/json;base64,";
    return out + base64(400 + below(600)) + "=";
  }
  std::string git() {
    return " * [new branch]      " + hex(40) + " -> origin/" + word() + "-" + word() + " (" + number(500) +
           " insertions(+), " + number(300) + " deletions(-))";
  }

  std::string colour(std::string_view code) const {
    return colours_ == Colours::kNone ? "" : "\x1b[" + std::string(code) + "m";
  }

  Colours colours_;
  std::mt19937_64 random_{1};
};

}  // namespace

std::string build_log(size_t size, Colours colours) {
  Log log(colours);
  std::string out;
  out.reserve(size + 2048);
  while (out.size() < size) out += log.line() + "\n";
  return out;
}

}  // namespace confide::bench
