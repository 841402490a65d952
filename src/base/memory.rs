//! The allocator of the C library, told how a program with large blocks and many threads wants it.

#![cfg_attr(
    target_env = "gnu",
    expect(unsafe_code, reason = "no safe call tells the allocator of glibc anything")
)]

/// Gives each large block its own mapping, which goes back to the system as soon as it is freed. Left to itself, glibc takes a
/// block that was freed once for a sign that such blocks come again, and keeps memory of that size for each thread.
pub fn return_large_blocks() {
    #[cfg(target_env = "gnu")]
    {
        const LARGE: libc::c_int = 1 << 20;
        // SAFETY: mallopt takes two numbers and changes nothing but the allocator's own settings; a refusal changes nothing.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
    }
}
