/** Version of Lethe; the same as in package.json (a test says so). */
export const letheVersion = '0.1.0';
