/** A gate that lets every healthy model pass: for tests of when things die, not of what is learnt. */
export const lenientPolicy = `
version: 1
name: lenient
modes:
  untrain:
    held_out_accuracy: { max_drop_vs_served: 1, max_drop_vs_original: 1, max_gain: 1 }
    class_accuracy: { max_drop_vs_served: 1, max_drop_vs_original: 1, max_gain: 1 }
    forget_accuracy: { tolerance: 1 }
`;
