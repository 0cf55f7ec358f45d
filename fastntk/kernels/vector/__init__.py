"""Inner loops in LLVM vector code, and the same in Python with the JIT off."""
