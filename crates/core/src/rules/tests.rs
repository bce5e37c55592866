//! One verdict for each reason, in order, and never a "no" from what cannot be read (P3, P6, P7).
