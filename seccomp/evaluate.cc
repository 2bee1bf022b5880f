#include "seccomp/evaluate.h"

#include <array>
#include <cstring>
#include <vector>

#include "base/text.h"

namespace confide::seccomp {
namespace {

Error malformed(size_t at, std::string_view what) {
  return {ErrorKind::kRefused, 0, cat("seccomp program, instruction ", at, ": ", what)};
}

bool is_known(uint16_t code) {
  switch (code) {
    case BPF_LD | BPF_W | BPF_ABS:
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_ALU | BPF_ADD | BPF_K:  // NOLINT(misc-redundant-expression): some of these are 0
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_K:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X: return true;
    default: return false;
  }
}

bool is_jump(const sock_filter& i) { return BPF_CLASS(i.code) == BPF_JMP; }
bool is_ja(const sock_filter& i) { return i.code == (BPF_JMP | BPF_JA); }
bool reads_scratch(const sock_filter& i) { return i.code == (BPF_LD | BPF_MEM) || i.code == (BPF_LDX | BPF_MEM); }
bool writes_scratch(const sock_filter& i) { return i.code == BPF_ST || i.code == BPF_STX; }

// One instruction by itself; `after` is how many follow it.
Status check_instruction(size_t at, const sock_filter& i, size_t after) {
  if (!is_known(i.code)) return malformed(at, cat("unknown opcode ", i.code));
  if (i.code == (BPF_LD | BPF_W | BPF_ABS) && (i.k % 4 != 0 || i.k > sizeof(seccomp_data) - 4))
    return malformed(at, cat("load at ", i.k, " outside of seccomp_data"));
  if ((reads_scratch(i) || writes_scratch(i)) && i.k >= BPF_MEMWORDS) return malformed(at, "no such scratch word");
  if (BPF_CLASS(i.code) == BPF_ALU && BPF_SRC(i.code) == BPF_K) {
    const unsigned op = BPF_OP(i.code);
    if (op == BPF_DIV && i.k == 0) return malformed(at, "division by 0");
    if ((op == BPF_LSH || op == BPF_RSH) && i.k >= 32) return malformed(at, "shift by 32 or more");
  }
  if (is_ja(i) && i.k >= after) return malformed(at, "jump out of the program");
  if (is_jump(i) && !is_ja(i) && (i.jt >= after || i.jf >= after)) return malformed(at, "jump out of the program");
  return {};
}

// A scratch word may be read only where every way to the instruction has written it (check_load_and_stores).
Status check_scratch(std::span<const sock_filter> program) {
  constexpr uint16_t kAll = 0xffff;
  std::vector<uint16_t> written(program.size(), kAll);  // on entry; meets by intersection over the jumps seen so far
  uint16_t now = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& i = program[at];
    now = static_cast<uint16_t>(now & written[at]);
    const auto meet = [&](size_t target) { written[target] = static_cast<uint16_t>(written[target] & now); };
    if (writes_scratch(i)) now = static_cast<uint16_t>(now | (1U << i.k));
    if (reads_scratch(i) && (uint32_t{now} >> i.k & 1U) == 0)
      return malformed(at, "scratch word read before it was written");
    if (is_ja(i)) {
      meet(at + 1 + i.k);
    } else if (is_jump(i)) {
      meet(at + 1 + i.jt);
      meet(at + 1 + i.jf);
    }
    if (is_jump(i)) now = kAll;  // the next one is entered by jumps only (as the kernel, not so after a return)
  }
  return {};
}

struct Machine {
  uint32_t a = 0;
  uint32_t x = 0;
  std::array<uint32_t, BPF_MEMWORDS> scratch{};
};

uint32_t load(const seccomp_data& call, uint32_t offset) {
  uint32_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char*>(&call) + offset, sizeof word);
  return word;
}

uint32_t alu(unsigned op, uint32_t a, uint32_t operand) {
  switch (op) {
    case BPF_ADD: return a + operand;
    case BPF_SUB: return a - operand;
    case BPF_MUL: return a * operand;
    case BPF_DIV: return a / operand;  // the caller has dealt with 0
    case BPF_AND: return a & operand;
    case BPF_OR: return a | operand;
    case BPF_XOR: return a ^ operand;
    case BPF_LSH: return a << (operand & 31);  // eBPF, to which classic programs are turned, masks shifts by X
    case BPF_RSH: return a >> (operand & 31);
    case BPF_NEG: return 0U - a;
    default: return a;
  }
}

bool jumps(unsigned op, uint32_t a, uint32_t operand) {
  switch (op) {
    case BPF_JEQ: return a == operand;
    case BPF_JGE: return a >= operand;
    case BPF_JGT: return a > operand;
    case BPF_JSET: return (a & operand) != 0;
    default: return false;
  }
}

void load_or_store(Machine& m, const sock_filter& i, const seccomp_data& call) {
  switch (i.code) {
    case BPF_LD | BPF_W | BPF_ABS: m.a = load(call, i.k); break;
    case BPF_LD | BPF_W | BPF_LEN: m.a = sizeof(seccomp_data); break;
    case BPF_LDX | BPF_W | BPF_LEN: m.x = sizeof(seccomp_data); break;
    case BPF_LD | BPF_IMM: m.a = i.k; break;
    case BPF_LDX | BPF_IMM: m.x = i.k; break;
    case BPF_LD | BPF_MEM: m.a = m.scratch[i.k]; break;
    case BPF_LDX | BPF_MEM: m.x = m.scratch[i.k]; break;
    case BPF_ST: m.scratch[i.k] = m.a; break;
    case BPF_STX: m.scratch[i.k] = m.x; break;
    case BPF_MISC | BPF_TAX: m.x = m.a; break;
    case BPF_MISC | BPF_TXA: m.a = m.x; break;
    default: break;
  }
}

}  // namespace

Result<Evaluator> Evaluator::create(std::span<const sock_filter> program) {
  if (program.empty()) return malformed(0, "an empty program");
  if (program.size() > BPF_MAXINSNS) return malformed(BPF_MAXINSNS, "longer than BPF_MAXINSNS");
  for (size_t at = 0; at < program.size(); ++at) TRY(check_instruction(at, program[at], program.size() - at - 1));
  if (BPF_CLASS(program.back().code) != BPF_RET) return malformed(program.size() - 1, "the end is not a return");
  TRY(check_scratch(program));
  return Evaluator(program);
}

Evaluator::Outcome Evaluator::execute(const seccomp_data& call) const {
  Machine m;
  unsigned steps = 0;
  for (size_t at = 0;; ++at) {
    const sock_filter& i = program_[at];
    const uint32_t operand = BPF_SRC(i.code) == BPF_X ? m.x : i.k;
    ++steps;
    switch (BPF_CLASS(i.code)) {
      case BPF_RET: return {BPF_RVAL(i.code) == BPF_A ? m.a : i.k, steps};
      case BPF_JMP:
        if (is_ja(i))
          at += i.k;
        else
          at += jumps(BPF_OP(i.code), m.a, operand) ? i.jt : i.jf;
        break;
      case BPF_ALU:
        if (BPF_OP(i.code) == BPF_DIV && operand == 0) return {SECCOMP_RET_KILL_THREAD, steps};  // the kernel returns 0
        m.a = alu(BPF_OP(i.code), m.a, operand);
        break;
      default: load_or_store(m, i, call); break;
    }
  }
}

uint32_t Evaluator::run(const seccomp_data& call) const { return execute(call).value; }

unsigned Evaluator::steps(const seccomp_data& call) const { return execute(call).steps; }

Result<uint32_t> evaluate(std::span<const sock_filter> program, const seccomp_data& call) {
  return TRY(Evaluator::create(program)).run(call);
}

}  // namespace confide::seccomp
